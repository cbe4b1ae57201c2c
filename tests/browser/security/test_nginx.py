"""The dashboard behind nginx as docs/security.md has it: a password, a path of its own, the websocket, the security headers."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import urllib.error
import urllib.request

import pytest
from playwright.sync_api import expect

from lensmae.app.headers import HEADERS
from tests.browser.conftest import NETWORKS, ROOT, Console, finished, free_port, process_wait, serving

NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
pytestmark = [pytest.mark.browser, pytest.mark.skipif(NGINX is None, reason="there is no nginx on this machine")]
_MAIN = """
pid {folder}/nginx.pid;
error_log {folder}/error.log;
daemon off;
{user}
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/lensmae.conf;
}}
"""


@contextlib.contextmanager
def proxied(folder, behind: int):
    """Address of an nginx with the documented configuration, before the server on a port."""
    port = free_port()
    site = (ROOT / "docs/nginx.conf").read_text(encoding="utf-8")
    for before, after in {
        "listen 8080": f"listen 127.0.0.1:{port}",
        "127.0.0.1:8501": f"127.0.0.1:{behind}",
        "/etc/nginx/lensmae.htpasswd": f"{folder}/lensmae.htpasswd",
    }.items():
        assert before in site
        site = site.replace(before, after)
    (folder / "lensmae.conf").write_text(site)
    (folder / "lensmae.htpasswd").write_text("reader:{PLAIN}secret\n")
    # Its workers become another user where root starts it, who may not read a test's folder.
    user = "user root;" if hasattr(os, "geteuid") and os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(_MAIN.format(folder=folder, user=user))
    process = subprocess.Popen([NGINX, "-p", str(folder), "-c", str(folder / "nginx.conf")], stderr=subprocess.DEVNULL)
    try:
        for _ in range(100):
            assert process.poll() is None, (folder / "error.log").read_text()
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5):
                break
            process_wait(process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=120)


def test_the_dashboard_works_behind_the_documented_proxy(chromium, server_home, tmp_path):
    port = free_port()
    command = [sys.executable, "-m", "streamlit", "run", "dashboard.py", "--server.port", str(port), "--server.headless", "true"]
    known = {"PYTHONPATH": str(ROOT), "STREAMLIT_SERVER_BASE_URL_PATH": "lensmae"}
    with serving(command, port, server_home, ROOT, base="/lensmae", **known), proxied(tmp_path, port) as address:
        with pytest.raises(urllib.error.HTTPError, match="401"):
            urllib.request.urlopen(f"{address}/lensmae/", timeout=30)
        context = chromium.new_context(http_credentials={"username": "reader", "password": "secret"})
        context.set_default_timeout(90_000)
        page = context.new_page()
        page.console = Console(page, address)
        sockets = []
        page.on("websocket", lambda socket: sockets.append(socket.url))
        answer = page.goto(f"{address}/lensmae/reconstruction?{NETWORKS}")
        for name, value in HEADERS.items():
            assert answer.headers[name.lower()] == value
        expect(page.get_by_role("slider", name="Mask ratio")).to_be_visible(timeout=90_000)
        page.get_by_test_id("stSidebarNav").get_by_role("link", name="Data").click()
        expect(page.get_by_role("heading", level=1, name="Data")).to_be_visible(timeout=90_000)
        finished(page)
        assert all("/lensmae/" in url for url in sockets)
        assert sockets
        assert page.console.complaints == []
        context.close()
