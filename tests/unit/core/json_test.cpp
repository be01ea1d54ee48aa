// SPDX-License-Identifier: BSD-3-Clause
// JSON that Python reads back as what was written.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <superstep/core/json.hpp>
#include <superstep/core/literal.hpp>

#include "unit/core/python.hpp"

namespace superstep {
namespace {

TEST(Json, Writes) {
  Json json = Json::object();
  json.set("accuracy", 0.93).set("rows", 400000).set("ok", true).set("none", Json());
  json.set("list", std::vector<double>{1.0, 1e-5, std::nan("")}).set("text", "a \"b\"\n\x01");
  json.set("empty", Json::array()).set("nothing", Json::object());
  json.set("rows", 5);  // keeps its place
  json.set("seed", std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(
      json.dump(),
      R"({"accuracy": 0.93, "rows": 5, "ok": true, "none": null, "list": [1.0, 1e-05, null], )"
      R"("text": "a \"b\"\n\u0001", "empty": [], "nothing": {}, "seed": 18446744073709551615})");
  EXPECT_EQ(Json(std::vector<std::string>{"a"}).dump(2), "[\n  \"a\"\n]");
  EXPECT_EQ(Json::object().set("a", Json::array().push_back(1).push_back("x")).dump(2),
            "{\n  \"a\": [\n    1,\n    \"x\"\n  ]\n}");
  EXPECT_EQ(Json(std::numeric_limits<double>::infinity()).dump(), "null");
  EXPECT_EQ(Json("\xFF").dump(), "\"\xEF\xBF\xBD\"");
}

TEST(Json, FromValues) {
  const Value value = parse_value("{'C': 0.1, 'p': (1, [None]), 0: True, 'e': Ridge(alpha=1)}");
  EXPECT_EQ(Json(value).dump(),
            R"x({"C": 0.1, "p": [1, [null]], "0": true, "e": "Ridge(alpha=1)"})x");
}

TEST(Json, PythonReadsItBack) {
  std::string bytes;
  for (int c = 1; c < 128; ++c) bytes += static_cast<char>(c);
  Json json = Json::array();
  json.push_back(bytes + "\xC3\xA9").push_back(std::numeric_limits<std::int64_t>::min());
  json.push_back(1.7976931348623157e308).push_back(5e-324).push_back(0.1).push_back(-0.0);
  const auto printed = testing::run_python(
      "import json\n"
      "v = json.loads(lines[0])\n"
      "print(v[0] == ''.join(map(chr, range(1, 128))) + '\\u00e9', v[1:])\n",
      {json.dump()});
  ASSERT_EQ(printed.size(), 1u);
  EXPECT_EQ(printed[0], "True [-9223372036854775808, 1.7976931348623157e+308, 5e-324, 0.1, -0.0]");
}

}  // namespace
}  // namespace superstep
