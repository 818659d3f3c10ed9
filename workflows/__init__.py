"""BPMN: reading, checking and running service definitions. Plain Python: values in, values out."""
