"""`keytalk doctor`: looks at everything Keytalk stands on, and names each fault with its mend.

`probes` look, and judge nothing; `verdicts` judge what was seen, and are pure. Nothing here needs a running Keytalk,
and nothing is changed: no mail is sent, nothing is declared, published or taken on the broker, no file is left behind.
"""
