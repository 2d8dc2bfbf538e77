"""A simulator of the TikTok Shop Open API, its token host and the seller's consent page, in memory."""
