"""TikTok Shop Open API client."""
