"""The house's dependencies point one way; and the check that says so can fail."""

import pathlib
import tempfile
import unittest

import include_graph

ROOT = pathlib.Path(__file__).resolve().parents[3]


class IncludeGraph(unittest.TestCase):
    def check(self, path, text):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / path
            file.parent.mkdir(parents=True)
            file.write_text(text, encoding="utf-8")
            return include_graph.violations(folder)

    def test_every_include_of_the_house_points_the_right_way(self):
        self.assertEqual([], include_graph.violations(ROOT))

    def test_the_walk_reaches_headers_and_sources(self):
        for folder in ("include/a2akit/core", "src/core"):
            self.assertTrue(any((ROOT / folder).iterdir()))

    def test_core_that_includes_a_port_is_found(self):
        self.assertEqual(
            ["src/core/x.cpp:2: core must not include storage (a2akit/storage/storage.hpp)"],
            self.check("src/core/x.cpp", "#include <vector>\n#include <a2akit/storage/storage.hpp>\n"))

    def test_runtime_that_includes_wire_is_found(self):
        self.assertIn("runtime must not include wire",
                      self.check("src/runtime/x.cpp", '#include "wire/endpoint.hpp"\n')[0])

    def test_a_backend_that_includes_another_backend_is_found(self):
        self.assertIn("must not include backends/memory",
                      self.check("src/backends/sqlite/x.cpp", '#include "backends/memory/x.hpp"\n')[0])
        self.assertEqual([], self.check("src/backends/sqlite/x.cpp", '#include "backends/common/x.hpp"\n'))

    def test_a_backend_that_includes_runtime_is_found(self):
        self.assertTrue(self.check("src/backends/memory/x.cpp", '#include "runtime/x.hpp"\n'))

    def test_a_public_header_that_includes_an_internal_one_is_found(self):
        self.assertIn("internal", self.check("include/a2akit/client/x.hpp", '#include "wire/sse.hpp"\n')[0])

    def test_boost_in_a_public_header_is_found(self):
        self.assertIn("Boost", self.check("include/a2akit/server/x.hpp", "#include <boost/asio.hpp>\n")[0])

    def test_beast_outside_http_is_found(self):
        self.assertIn("http only", self.check("src/server/x.cpp", "#include <boost/beast/http.hpp>\n")[0])
        self.assertEqual([], self.check("src/http/x.cpp", "#include <boost/beast/http.hpp>\n"))

    def test_a_room_without_a_place_is_found(self):
        self.assertIn("not in ALLOWED", self.check("src/attic/x.cpp", "#include <vector>\n")[0])


if __name__ == "__main__":
    unittest.main()
