"""The TikTok Shop Open API and its authorization host as one ASGI application."""
