"""As check.mjs, with the library of PyPI. usage: check.py SECRET"""

import datetime
import json
import sys

from standardwebhooks import Webhook, WebhookVerificationError

webhook = Webhook(sys.argv[1])
for line in sys.stdin:
    wanted = json.loads(line)
    if "sign" in wanted:
        sign = wanted["sign"]
        time = datetime.datetime.fromtimestamp(sign["timestamp"], datetime.timezone.utc)
        print(webhook.sign(sign["id"], time, sign["body"]), flush=True)
        continue
    try:
        webhook.verify(wanted["verify"]["body"], wanted["verify"]["headers"])
        print("ok", flush=True)
    except WebhookVerificationError as error:
        print(f"refused: {error}", flush=True)
