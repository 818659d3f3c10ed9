"""Pages and API: sessions, permissions, languages, problems, headers."""
