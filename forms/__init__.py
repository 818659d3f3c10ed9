"""Forms: XLSForm to XForm, the model of a form, checking and filling a submission.

Source: XLSForm (xlsform.org), ODK XForms specification (getodk.github.io/xforms-spec), OpenRosa.
"""
