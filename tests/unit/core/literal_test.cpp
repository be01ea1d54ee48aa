// SPDX-License-Identifier: BSD-3-Clause
// Reading literals: the same values as Python and NumPy, and messages that point to the mistake.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <superstep/core/error.hpp>
#include <superstep/core/literal.hpp>
#include <superstep/core/philox.hpp>

#include "unit/core/python.hpp"

namespace superstep {
namespace {

using ::testing::HasSubstr;
using testing::run_python;

std::string error_of(std::string_view text) {
  try {
    const Value value = evaluate_grid_value(parse_value(text));
    return "no error, but " + value.repr();
  } catch (const UsageError& error) {
    return error.what();
  }
}

const std::vector<std::string> valid = {"None",
                                        "True",
                                        "False",
                                        "0",
                                        "00",
                                        "7",
                                        "-1",
                                        "+1",
                                        "- 1",
                                        "--1",
                                        "1_000",
                                        "1_0.5_0",
                                        "0x1f",
                                        "0XFF",
                                        "0b1_01",
                                        "0o17",
                                        "-0x10",
                                        "9223372036854775807",
                                        "-9223372036854775808",
                                        "1e-3",
                                        "1E3",
                                        "1.",
                                        ".5",
                                        "1.e5",
                                        "1e+16",
                                        "1e-5",
                                        "0.0001",
                                        "0.00001",
                                        "123456789012345680.0",
                                        "1e22",
                                        "1e23",
                                        "-0.0",
                                        "5e-324",
                                        "1.7976931348623157e308",
                                        "0.1",
                                        "3.14159",
                                        "1e5_0",
                                        "100000.0",
                                        "9999999999999998.0",
                                        "2.5e-7",
                                        "''",
                                        "'a'",
                                        "\"a\"",
                                        "'it\\'s'",
                                        "\"it's\"",
                                        "'say \"x\"'",
                                        "'both \\' and \"'",
                                        "'a' 'b' \"c\"",
                                        "'\\n\\t\\r\\\\'",
                                        "'\\a\\b\\f\\v'",
                                        "'\\x41\\u00e9\\U0001F600'",
                                        "'\\101\\7\\0'",
                                        "'\\q'",
                                        "'\\xe9'",
                                        "'\xC3\xA9'",
                                        "u'x'",
                                        "r'\\bx\\d+'",
                                        "R'\\''",
                                        "r\"a\\\"b\"",
                                        "r'\\\\'",
                                        "r'''a\\'''b'''",
                                        "'\\n' r'\\n' u'\\n'",
                                        "[r'', r'x']",
                                        "''''''",
                                        "'''it's'''",
                                        "'' \"\"\"a\"b\"\"\"",
                                        "'#no comment'",
                                        "'\\udcff'",
                                        "[]",
                                        "[1]",
                                        "[1,]",
                                        "[1, 2.0, 'x']",
                                        "()",
                                        "(1)",
                                        "(1,)",
                                        "(1, 2)",
                                        "((1), (2,))",
                                        "{}",
                                        "{'a': 1}",
                                        "{'a': [1, (2, {3: None})],}",
                                        "{0: 1.5, True: 2}",
                                        "[[[[]]]]",
                                        " 1 ",
                                        "[ 1 , 2 ]  # why",
                                        "(- 1.5, + 2)",
                                        "{'C': [0.1, 1, 10], 'penalty': ['l1', 'l2'], "
                                        "'fit_intercept': [True, False], 'class_weight': [None]}"};

TEST(Literal, ReadsWhatPythonReads) {
  const auto printed = run_python("for line in lines: print(ascii(eval(line.strip())))\n", valid);
  ASSERT_EQ(printed.size(), valid.size());
  // Python's repr of what we read must be its repr of the text, so both are read by Python.
  std::vector<std::string> reprs;
  for (const std::string& text : valid) reprs.push_back(parse_value(text).repr());
  const auto again = run_python("for line in lines: print(ascii(eval(line)))\n", reprs);
  for (std::size_t i = 0; i < valid.size(); ++i) EXPECT_EQ(again[i], printed[i]) << valid[i];
}

TEST(Literal, BlanksNewlinesAndComments) {
  EXPECT_EQ(parse_value("\n# a grid\n{'C': [1,  # small\n 2],\r\n\t'x' :\\\n 3}\n").repr(),
            "{'C': [1, 2], 'x': 3}");
}

TEST(Literal, NamesThatAreNumbers) {
  for (const char* text : {"inf", "np.inf", "numpy.inf", "math.inf", "float('inf')", "+np.inf",
                           "float(\"Inf\")", "- -inf"}) {
    EXPECT_EQ(parse_value(text).repr(), "inf") << text;
  }
  EXPECT_EQ(parse_value("-np.inf").repr(), "-inf");
  EXPECT_EQ(parse_value("float('-inf')").repr(), "-inf");
  for (const char* text : {"nan", "np.nan", "float('nan')"})
    EXPECT_EQ(parse_value(text).repr(), "nan");
  EXPECT_EQ(parse_value("[np.float64(0.1), np.int64(3), np.str_('l1'), np.True_, float(2)]").repr(),
            "[0.1, 3, 'l1', True, 2.0]");
  EXPECT_EQ(parse_value("dict(C=[1, 2], tol=1e-3)").repr(), "{'C': [1, 2], 'tol': 0.001}");
}

TEST(Literal, CallsStayCalls) {
  const Value value = parse_value("sklearn.linear_model.Ridge(1, alpha = 0.5, solver='auto',)");
  EXPECT_EQ(value.as_call().name, "sklearn.linear_model.Ridge");
  EXPECT_EQ(value.as_call().positional, Value::Items{1});
  EXPECT_EQ(value.as_call().keywords[1].second.as_string(), "auto");
  EXPECT_EQ(parse_value("numpy.logspace (0,\n1)").repr(), "np.logspace(0, 1)");
  EXPECT_EQ(evaluate_grid_value(parse_value("{'C': loguniform(1e-3, 1e3)}")).repr(),
            "{'C': loguniform(0.001, 1000.0)}");
}

TEST(Literal, ErrorsPointToThePlace) {
  EXPECT_EQ(error_of("[1, 2"),
            "expected ',' or ']', but the text ends at character 6, see the ^: [1, 2^");
  EXPECT_EQ(error_of("{'C': [0.1, 1}"),
            "expected ',' or ']' at character 14, see the ^: {'C': [0.1, 1^}");
  EXPECT_EQ(error_of("['é', 1 2]"), "expected ',' or ']' at character 9, see the ^: ['é', 1 ^2]");
  EXPECT_THAT(error_of("[\n1,\n)"), HasSubstr("see the ^: [ 1, ^)"));
  const std::string nested(300, '[');
  EXPECT_THAT(error_of(nested), HasSubstr("too deeply nested"));
  EXPECT_LT(error_of(nested).size(), 150u);
}

TEST(Literal, ErrorsSayWhatIsWrong) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "expected a value, but the text ends"},
      {"]", "expected a value"},
      {"1 2", "expected the end"},
      {"10**10**10", "an integer beyond 64 bits"},
      {"1/0", "a division by zero"},
      {"[1,,2]", "expected a value"},
      {"{'a' 1}", "expected ':'"},
      {"{1, 2}", "expected ':'"},
      {"{'a': 1, 'a': 2}", "the key 'a' is there twice"},
      {"'abc", "no closing quote"},
      {"'abc\\", "no closing quote"},
      {"'a\nb'", "no closing quote"},
      {"'\\x4'", "too few hexadecimal digits"},
      {"'\\ud800'", "no character"},
      {"'\\U00110000'", "no character"},
      {"'\\N{DASH}'", "by name"},
      {"b'x'", "prefix b"},
      {"f'x'", "prefix f"},
      {"rb'x'", "prefix rb"},
      {"r'x\\'", "no closing quote"},
      {"r'x\\", "no closing quote"},
      {"007", "must not begin with 0"},
      {"1__0", "not a number"},
      {"1_", "not a number"},
      {"0x", "not a number"},
      {"0b12", "not a number"},
      {"1e", "no digits in its exponent"},
      {"3j", "not a number"},
      {"12abc", "not a number"},
      {"9223372036854775808", "beyond 64 bits"},
      {"-9223372036854775809", "beyond 64 bits"},
      {"--9223372036854775808", "beyond 64 bits"},
      {"1e400", "too large or too small"},
      {"-'a'", "a sign before"},
      {"true", "true is written True"},
      {"[none]", "none is written None"},
      {"[l1]", "l1 alone is no value: write 'l1' for a string, l1() for an estimator"},
      {"make_pipeline(Ridge)", "Ridge()"},
      {"f(a=1, a=2)", "a is given twice"},
      {"f(a=1, 2)", "an argument without a name after one with a name"},
      {"f(*x)", "expected a value"},
      {"f(1", "expected ',' or ')', but the text ends"},
      {"f(a==1)", "a alone is no value"},
      {"f(a=)", "expected a value"},
      {"float('x')", "cannot read float('x')"},
      {"int(2.5)", "cannot read int(2.5)"},
      {"dict([1])", "key=value"}};
  for (const auto& [text, part] : cases) {
    const std::string error = error_of(text);
    EXPECT_THAT(error, HasSubstr(part)) << text;
    EXPECT_THAT(error, HasSubstr("see the ^: ")) << text;
    EXPECT_EQ(error.find('\n'), std::string::npos) << text;
  }
}

/// Valid texts with characters deleted, doubled or replaced.
std::vector<std::string> damaged_texts() {
  constexpr std::string_view letters = "[](){},:'\"\\+-.eE_0189xabnN #=";
  std::vector<std::string> texts;
  for (std::uint64_t row = 0; row < 6000; ++row) {
    RowRandom random(Philox(3, 2), row);
    std::string text = valid[random.below(valid.size())];
    if (text.find('\xC3') != std::string::npos) continue;  // half a character is no text for Python
    for (std::uint64_t edits = 1 + random.below(3); edits > 0 && !text.empty(); --edits) {
      const std::size_t i = random.below(text.size());
      const char letter = letters[random.below(letters.size())];
      switch (random.below(3)) {
        case 0:
          text.erase(i, 1);
          break;
        case 1:
          text.insert(i, 1, letter);
          break;
        default:
          text[i] = letter;
      }
    }
    texts.push_back(text);
  }
  return texts;
}

TEST(Literal, ReadsDamagedTextsAsPythonOrNotAtAll) {
  const std::vector<std::string> texts = damaged_texts();
  std::vector<std::string> reprs;
  for (const std::string& text : texts) {
    try {
      reprs.push_back(parse_value(text).repr());
    } catch (const UsageError&) {
      reprs.push_back("refused");
    }
  }
  // Per line: what Python makes of the text and of our repr of it, or "-" where one is no literal.
  std::vector<std::string> input = texts;
  input.insert(input.end(), reprs.begin(), reprs.end());
  const auto printed = run_python(
      "import ast\n"
      "plain = (ast.Expression, ast.Constant, ast.List, ast.Tuple, ast.Dict, ast.UnaryOp, "
      "ast.USub, ast.BinOp, ast.operator,\n"
      "         ast.UAdd, ast.Load)\n"
      "def read(text):\n"
      "    try:\n"
      "        tree = ast.parse(text.strip(), mode='eval')\n"
      "        assert all(isinstance(node, plain) for node in ast.walk(tree))\n"
      "        return ascii(eval(compile(tree, '', 'eval')))\n"
      "    except Exception: return '-'\n"
      "for line in lines: print(read(line))\n",
      input);
  ASSERT_EQ(printed.size(), input.size());
  int both = 0, python_only = 0;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    if (reprs[i] == "refused") {
      python_only += printed[i] != "-" ? 1 : 0;
    } else {
      EXPECT_EQ(printed[texts.size() + i], printed[i]) << texts[i];
      ++both;
    }
  }
  EXPECT_GT(both, 1000);
  // Sets, bytes, complex numbers, wide integers, keys given twice: Python's, refused by us.
  EXPECT_LT(python_only, 100);
}

TEST(Literal, ComputesAsPython) {
  const std::vector<std::string> texts = {"10 ** 3",        "1/3",
                                          "-2**2",          "2**-1",
                                          "2 ** 3 ** 2",    "-7 // 2",
                                          "-7 % 3",         "7 % -3",
                                          "7.5 // -2",      "-7.5 % 2",
                                          "1 - 2 - 3",      "2 * (3 + 4) * 5",
                                          "1e3 / 8",        "-9223372036854775808",
                                          "2**62 * -2",     "[1 + 1, 10**-3]",
                                          "{'C': 3 * 0.1}", "(1 + 2,)",
                                          "- -3",           "0 ** 0",
                                          "5 // -1",        "1 -1",
                                          "+2 ** 2",        "6 / 3"};
  std::vector<std::string> reprs;
  for (const std::string& text : texts) {
    try {
      reprs.push_back(parse_value(text).repr());
    } catch (const UsageError& e) {
      reprs.push_back(e.what());
    }
  }
  const auto expected = run_python("for line in lines: print(ascii(eval(line)))\n", texts);
  ASSERT_EQ(expected.size(), texts.size());
  for (std::size_t i = 0; i < texts.size(); ++i) {
    EXPECT_EQ(reprs[i], expected[i]) << texts[i];
  }
  EXPECT_EQ(parse_value("np.array([1, 2])").repr(), "[1, 2]");
}

TEST(GridValue, HasNumpysNumbers) {
  const std::vector<std::string> exact = {
      "np.linspace(0, 1)",
      "np.linspace(0, 1, 11)",
      "np.linspace(-3, 7, num=4, endpoint=False)",
      "np.linspace(0.1, 0.7, 7)",
      "np.linspace(1, 2, 1)",
      "np.linspace(1, 2, 1, endpoint=False)",
      "np.linspace(1, 2, 0)",
      "np.linspace(5, 5, 3)",
      "np.linspace(0, 5e-324, 5)",
      "np.linspace(3, -1, 9)",
      "np.arange(5)",
      "np.arange(2, 9, 3)",
      "np.arange(9, 2, -2)",
      "np.arange(0.1, 1, 0.1)",
      "np.arange(1, 0.05, -0.1)",
      "np.arange(0.5)",
      "np.arange(3, 1)",
      "np.arange(1.0, 4)",
      "np.arange(start=1, stop=2, step=0.25)",
      "np.arange(-1.3, 2.7, 0.30000000000000004)",
      "range(4)",
      "range(1, 10, 4)",
      "range(5, 0, -2)",
      "range(3, 3)",
      "list(range(3))",
      "range(-9223372036854775807, 9223372036854775807, 4611686018427387904)",
      "np.array([1, 2.5])",
      "list((1, 'a'))",
      "np.array(np.arange(3))"};
  const std::vector<std::string> close = {"np.logspace(-3, 3, 7)",
                                          "np.logspace(-4, 4)",
                                          "np.logspace(0, 2, 5, base=2)",
                                          "np.logspace(0, 1, 3, endpoint=False)",
                                          "np.logspace(-1, 1, num=4, base=2.718281828459045)",
                                          "np.geomspace(1, 1000, 4)",
                                          "np.geomspace(1e-3, 1e3)",
                                          "np.geomspace(-1, -256, num=9)",
                                          "np.geomspace(1, 256, num=8, endpoint=False)",
                                          "np.geomspace(3, 5, 1)",
                                          "np.geomspace(3, 5, 0)"};
  std::vector<std::string> all = exact;
  all.insert(all.end(), close.begin(), close.end());
  const auto printed = run_python(
      "import numpy as np\n"
      "def plain(x): return x.tolist() if isinstance(x, np.ndarray) else list(x)\n"
      "for line in lines: print(repr(plain(eval(line))))\n",
      all);
  ASSERT_EQ(printed.size(), all.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    const Value value = evaluate_grid_value(parse_value(all[i]));
    if (i < exact.size()) {
      // NumPy's float arrays print ints as floats, as we do; np.array([1, 2.5]) promotes, a list
      // does not.
      if (all[i] == "np.array([1, 2.5])") continue;
      EXPECT_EQ(value.repr(), printed[i]) << all[i];
      continue;
    }
    const Value expected = parse_value(printed[i]);
    ASSERT_EQ(value.items().size(), expected.items().size()) << all[i];
    for (std::size_t k = 0; k < expected.items().size(); ++k) {
      EXPECT_DOUBLE_EQ(value.items()[k].as_double(), expected.items()[k].as_double()) << all[i];
    }
  }
}

TEST(GridValue, EvaluatesInside) {
  EXPECT_EQ(
      evaluate_grid_value(parse_value("{'a': [range(2), (np.arange(1.0, 2),)], 'b': Ridge()}"))
          .repr(),
      "{'a': [[0, 1], ([1.0],)], 'b': Ridge()}");
  EXPECT_EQ(evaluate_grid_value(parse_value("np.logspace(-3, 2, 6)")).repr(),
            "[0.001, 0.01, 0.1, 1.0, 10.0, 100.0]");
}

TEST(GridValue, Errors) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"np.logspce(0, 1)", "did you mean 'np.logspace'?"},
      {"np.random.rand(3)", "is not known in a grid"},
      {"np.logspace(0)", "needs stop"},
      {"np.logspace(0, 1, 2, True, 10, 3)", "takes at most 5 arguments"},
      {"np.logspace(0, 1, start=2)", "got start twice"},
      {"np.logspace(0, 1, nun=2)", "did you mean 'num'?"},
      {"np.logspace(0, 1, 2.0)", "needs an int for num"},
      {"np.logspace(0, 1, -2)", "num >= 0"},
      {"np.logspace('0', 1)", "needs a finite number for start, got '0'"},
      {"np.linspace(0, np.inf)", "finite"},
      {"np.linspace(0, 1, endpoint=1)", "True or False"},
      {"np.linspace(0, 1, 2000000)", "more than 1,000,000 values"},
      {"np.geomspace(0, 1)", "same sign"},
      {"np.geomspace(-1, 1)", "same sign"},
      {"np.arange()", "needs start"},
      {"np.arange(0, 1, 0)", "not 0"},
      {"np.arange(0, 1, 1e-12)", "more than 1,000,000 values"},
      {"range(10000000000)", "more than 1,000,000 values"},
      {"range(1.5)", "ints"},
      {"range(stop=3)", "ints without names"},
      {"list(3)", "needs a list"}};
  for (const auto& [text, part] : cases) EXPECT_THAT(error_of(text), HasSubstr(part)) << text;
}

}  // namespace
}  // namespace superstep
