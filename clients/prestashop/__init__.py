"""PrestaShop webservice client for 1.7.8, 8 and 9."""
