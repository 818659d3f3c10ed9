"""What banks and mobile-money companies answer: their files read into one shape and matched to payments.

The same answer read twice or in another order gives the same matches; whether one changes anything is decided
by the payment's state. No answer is no evidence: only a definitive status settles or rejects a payment.
"""
