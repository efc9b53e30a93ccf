"""The only room that knows litellm and tenacity."""
