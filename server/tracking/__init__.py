"""Following the work as it happens: an instance, or a whole project, on its diagram."""
