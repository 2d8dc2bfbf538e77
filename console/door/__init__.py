"""The HTTP door: redirects of consents, messages of TikTok Shop, cron URLs, health and metrics."""
