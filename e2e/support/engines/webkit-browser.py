"""A browser window over WebKitGTK for WebKitWebDriver, with a profile on disk.

Debian's MiniBrowser keeps nothing on disk while it is driven, and its storage quota cannot be set.
Arguments: the profile's folder, and the storage quota of an origin in bytes.
"""

import os
import sys

import gi

gi.require_version("Gtk", "3.0")
gi.require_version("WebKit2", "4.1")
from gi.repository import Gtk, WebKit2  # noqa: E402


def make_context(profile, quota):
    disk = os.statvfs(profile)
    manager = WebKit2.WebsiteDataManager(
        base_data_directory=os.path.join(profile, "data"),
        base_cache_directory=os.path.join(profile, "cache"),
        origin_storage_ratio=quota / (disk.f_blocks * disk.f_frsize),
    )
    context = WebKit2.WebContext(website_data_manager=manager)
    context.set_automation_allowed(True)
    return context


def main(profile, quota):
    context = make_context(profile, int(quota))

    def open_window(_session):
        view = WebKit2.WebView(web_context=context, is_controlled_by_automation=True)
        window = Gtk.Window()
        window.set_default_size(1200, 900)
        window.add(view)
        window.show_all()
        view.connect("close", lambda _view: window.destroy())
        return view

    def start_session(_context, session):
        info = WebKit2.ApplicationInfo()
        info.set_name("WebKitGTK")
        info.set_version(WebKit2.get_major_version(), WebKit2.get_minor_version(), WebKit2.get_micro_version())
        session.set_application_info(info)
        session.connect("create-web-view", open_window)
        session.connect("will-close", lambda _session: Gtk.main_quit())

    context.connect("automation-started", start_session)
    Gtk.main()


main(*sys.argv[1:])
