"""The PrestaShop webservice as an ASGI application."""
