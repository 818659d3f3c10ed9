"""The `run:` metadata of a diagram, declared once (run.json), for Python, the modeler and XSD."""
