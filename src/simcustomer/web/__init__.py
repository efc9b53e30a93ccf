"""The web edge: JSON API, event stream and pages. Only edges build settings, store and players."""
