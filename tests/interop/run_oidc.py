"""Logs in at a certified identity provider, npm's oidc-provider, by each grant that the client library has, with a stand-in
for the user's browser: run_oidc.py OIDC_CLIENT WORK_FOLDER

Each token that the client shows an agent has to be one that the provider knows as good.
"""

import base64
import html
import http.cookiejar
import json
import os
import pathlib
import re
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request

from run import HERE, SKIPPED, install_js

CALLBACK = "http://127.0.0.1/callback"


class Redirected(Exception):
    pass


class StopAtCallback(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, request, fp, code, msg, headers, newurl):
        if newurl.startswith(CALLBACK):
            raise Redirected(newurl)
        return super().redirect_request(request, fp, code, msg, headers, newurl)


class Browser:
    """Fills in whatever form it is shown, until it is sent to the callback or shown no form any more."""

    def __init__(self):
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()),
                                                  StopAtCallback())

    def open(self, url):
        data = None
        for _ in range(10):
            with self.opener.open(urllib.request.Request(url, data), timeout=120) as answer:
                page, url = answer.read().decode(), answer.geturl()
            form = re.search(r"<form.*?</form>", page, re.S)
            if form is None:
                return page
            action = re.search(r'action="([^"]*)"', form.group()).group(1)
            fields = {}
            for tag in re.findall(r"<input[^>]*>", form.group()):
                name = re.search(r'name="([^"]*)"', tag)
                value = re.search(r'value="([^"]*)"', tag)
                if name:
                    fields[name.group(1)] = html.unescape(value.group(1)) if value else "user"
            if "user_code" in fields:
                fields["confirm"] = "yes"
            url = urllib.parse.urljoin(url, html.unescape(action))
            data = urllib.parse.urlencode(fields).encode()
        raise AssertionError("the provider keeps asking:\n" + page)


def introspect(issuer, token):
    login = base64.b64encode(b"service:" + urllib.parse.quote("s:ecret %").encode()).decode()
    request = urllib.request.Request(issuer + "/token/introspection", urllib.parse.urlencode({"token": token}).encode(),
                                     {"Authorization": "Basic " + login})
    with urllib.request.urlopen(request, timeout=120) as answer:
        return json.load(answer)


def run(client, how, issuer):
    process = subprocess.Popen([client, how, issuer], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    tokens = []
    for line in process.stdout:
        what, value = line.split()
        if what == "token":
            tokens.append(value)
        elif how == "device":
            Browser().open(value)
        else:
            try:
                Browser().open(value)
                raise AssertionError("the provider did not send the browser back")
            except Redirected as redirected:
                process.stdin.write(str(redirected) + "\n")
                process.stdin.flush()
    assert process.wait(120) == 0, how
    assert len(tokens) == 2 and tokens[0] != tokens[1], (how, tokens)
    known = introspect(issuer, tokens[1])
    wanted = "service" if how == "service" else "tool"
    assert known["active"] and known["client_id"] == wanted and "api" in known["scope"].split(), (how, known)
    print(how, "is fine")


def main():
    client, work = sys.argv[1], pathlib.Path(sys.argv[2])
    try:
        provide = install_js(work / "oidc", HERE / "oidc", "provider.mjs")
    except (OSError, subprocess.CalledProcessError) as error:
        print("skipped:", error)
        return 1 if os.environ.get("CI") == "true" else SKIPPED
    provider = subprocess.Popen(provide, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        issuer = provider.stdout.readline().strip()
        for how in ("service", "code", "device"):
            run(client, how, issuer)
    finally:
        provider.kill()
    return 0


if __name__ == "__main__":
    sys.exit(main())
