"""A real JupyterLab, started as a user starts it and driven in headless Chromium."""
