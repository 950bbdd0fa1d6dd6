#include "operators/codec/document.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace lockstep {
namespace {

using ::testing::HasSubstr;

Json Yaml(std::string_view text) {
  const auto documents = ParseYaml(text, "a.yaml");
  EXPECT_TRUE(documents.ok()) << documents.status().message();
  EXPECT_EQ(documents->size(), 1u);
  return documents.ok() && documents->size() == 1 ? documents->front().value : Json();
}

std::string YamlError(std::string_view text, const CodecLimits& limits = {}) {
  const auto documents = ParseYaml(text, "a.yaml", limits);
  return documents.ok() ? "accepted" : documents.status().message();
}

TEST(ParseYaml, ReadsPlainScalarsAsKubectlDoes) {
  const std::vector<std::pair<std::string, std::string>> table = {
      {"yes", "true"},
      {"Off", "false"},
      {"y", "true"},
      {"\"yes\"", "\"yes\""},
      {"~", "null"},
      {"010", "8"},
      {"0o17", "15"},
      {"0x1F", "31"},
      {"0b11", "3"},
      {"-0x10", "-16"},
      {"1_000", "1000"},
      {"+5", "5"},
      {"089", "89.0"},
      {"1e3", "1000.0"},
      {".5", "0.5"},
      {"1.", "1.0"},
      {"1:30", "\"1:30\""},
      {"-", "[null]"},
      {"2024-01-01", "\"2024-01-01\""},
      {"1.2.3", "\"1.2.3\""},
      {"0x", "\"0x\""},
      {"'1'", "\"1\""},
      {"!!str 1", "\"1\""},
      {"!!float 1", "1"},
      {"9223372036854775807", "9223372036854775807"},
      {"18446744073709551615", "18446744073709551615"},
      {"-9223372036854775808", "-9223372036854775808"}};
  for (const auto& [yaml, json] : table) {
    EXPECT_EQ(Yaml("v: " + (yaml == "-" ? "\n- " : yaml))["v"].dump(), json) << yaml;
  }
}

TEST(ParseYaml, RemembersWhereScalarsStoodAndHowTheyWereSpelled) {
  const auto documents = ParseYaml("spec:\n  list:\n  - 0.010\n  - \"x\"\n", "a.yaml");
  ASSERT_TRUE(documents.ok());
  const Document& document = documents->front();
  const Mark& number = document.MarkOf("/spec/list/0");
  EXPECT_EQ(number.source, "0.010");
  EXPECT_EQ(number.position.line, 3);
  EXPECT_EQ(number.position.column, 5);
  EXPECT_EQ(document.MarkOf("/spec/list/1").source, "x");
  EXPECT_EQ(document.MarkOf("/spec/list/9/deeper").position.line, 2);  // the key `list`
  EXPECT_EQ(document.MarkOf("/nothing").position.line, 1);
}

TEST(ParseYaml, ExpandsAliasesAndMergeKeys) {
  EXPECT_EQ(Yaml("a: &x {p: 1, q: 2}\nb:\n  <<: *x\n  q: 3\n"),
            Json::parse(R"({"a":{"p":1,"q":2},"b":{"p":1,"q":3}})"));
  EXPECT_EQ(Yaml("a: &x {p: 1}\nb: &y {p: 2, r: 3}\nc: {<<: [*x, *y]}")["c"],
            Json::parse(R"({"p":1,"r":3})"));
  EXPECT_EQ(Yaml("a: &x 0.010\nb: *x")["b"], 0.01);
}

TEST(ParseYaml, ReadsEveryDocumentAndLeavesOutEmptyOnes) {
  const auto documents = ParseYaml("---\na: 1\n---\n# nothing\n---\nb: 2\n", "a.yaml");
  ASSERT_TRUE(documents.ok());
  ASSERT_EQ(documents->size(), 2u);
  EXPECT_EQ((*documents)[1].MarkOf("/b").position.line, 6);
  EXPECT_TRUE(ParseYaml("", "a.yaml")->empty());
  EXPECT_EQ(Yaml("\xEF\xBB\xBF"
                 "a: 1"),
            Json({{"a", 1}}));
  EXPECT_EQ(Yaml("a: 1\r\nb: 2\r\n"), Json({{"a", 1}, {"b", 2}}));
}

TEST(ParseYaml, ReadsEscapesAsUtf8) {
  EXPECT_EQ(Yaml(R"("\Né\_": "\x41\xe9\u00e9\L\P\e")"),
            Json::parse(R"({"\u0085é\u00a0": "Aéé\u2028\u2029\u001b"})"));
}

TEST(ParseYaml, RefusesWithThePlaceAndTheReason) {
  const std::vector<std::pair<std::string, std::string>> table = {
      {"a: 1\nb: 2\na: 3\n", "a.yaml:3:1: the key \"a\" is given twice: first in line 1"},
      {"1: a\n\"1\": b\n", "a.yaml:2:1: the key \"1\" is given twice"},
      {"a: .nan", "a.yaml:1:4: .nan is not a number JSON knows"},
      {"a: [1, 2", "a.yaml:1:"},
      {"a:\n\t- b\n", "a.yaml:2:"},
      {"a: *nothing", "a.yaml:1:"},
      {"&x a: [*x, &y [*y]]", "a.yaml:1:16: the alias stands inside the value it repeats"},
      {"a: {<<: 5}", "a.yaml:1:9: a merge key (<<) takes a map"},
      {"{[1]: 2}", "a.yaml:1:2: a key must be text, not a collection"},
      {"a: !!int x", "a.yaml:1:4: the tag tag:yaml.org,2002:int does not fit"},
      {"a: !mine x", "does not fit"},
      {"a: 1\n]\n", "a.yaml:2:1: "},
      {"a: \"x\\u", "a.yaml:1:8: "},  // not where the digits would be
      {"a: \xFF", "a.yaml:1:4: not UTF-8"},
      {std::string("a: \x01"), "a.yaml:1:4: control characters"},
  };
  for (const auto& [yaml, error] : table) EXPECT_THAT(YamlError(yaml), HasSubstr(error)) << yaml;
}

TEST(ParseYaml, BoundsSizeDepthAndWhatAliasesExpandTo) {
  EXPECT_THAT(YamlError("a: 1", {.bytes_max = 3}), HasSubstr("4 bytes are more than the 3"));
  EXPECT_THAT(YamlError(std::string(200, '[') + std::string(200, ']')),
              HasSubstr("nested deeper than 100"));
  EXPECT_THAT(YamlError(std::string(100'000, '[')), HasSubstr("nested deeper than 100"));
  std::string bomb = "a0: &a0 [x, x]\n";
  for (int i = 1; i < 40; ++i) {
    const std::string below = "*a" + std::to_string(i - 1);
    bomb +=
        "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + below + ", " + below + "]\n";
  }
  EXPECT_THAT(YamlError(bomb), HasSubstr("aliases counted as often as they are used"));
  std::string merges = "m0: &m0 {a: 1}\n";
  for (int i = 1; i < 40; ++i) {
    const std::string below = "*m" + std::to_string(i - 1);
    merges += "m" + std::to_string(i) + ": &m" + std::to_string(i) + " {<<: [" + below + ", " +
              below + "]}\n";
  }
  EXPECT_THAT(YamlError(merges), HasSubstr("too many merges"));
}

TEST(ParseJson, KeepsPlacesAndSpelling) {
  const auto document = ParseJson("{\n  \"a\": [1, 2.50, \"x\\u00e9\"],\n  \"b\": true}", "a.json");
  ASSERT_TRUE(document.ok()) << document.status().message();
  EXPECT_EQ(document->value, Json::parse(R"({"a":[1,2.5,"xé"],"b":true})"));
  EXPECT_EQ(document->MarkOf("/a/1").source, "2.50");
  EXPECT_EQ(document->MarkOf("/a/1").position.line, 2);
  EXPECT_EQ(document->MarkOf("/a/1").position.column, 12);
  EXPECT_EQ(document->MarkOf("/b").source, "true");
  EXPECT_EQ(document->MarkOf("/b").position.line, 3);
}

TEST(ParseJson, RefusesWithThePlace) {
  const std::vector<std::pair<std::string, std::string>> table = {
      {"", "a.json:1:1:"},
      {"{\"a\": 1,\n \"a\": 2}", "a.json:2:2: the key \"a\" is given twice: first in line 1"},
      {"{\"a\": }", "a.json:1:7:"},
      {"[1,\n 1e999]", "a.json:2:"},
      {std::string(200, '['), "nested deeper than 100"},
  };
  for (const auto& [json, error] : table) {
    const auto document = ParseJson(json, "a.json");
    ASSERT_FALSE(document.ok()) << json;
    EXPECT_THAT(document.status().message(), HasSubstr(error)) << json;
  }
}

// Whatever the bytes: an answer, with a place when it is no.
TEST(ParseYaml, AnswersWhateverTheBytes) {
  const std::string text =
      "a: &x [1, 'two', \"thr\\u00e9e\"]\nb:\n  <<: {c: |-\n    text\n  }\n  d: *x\n"
      "e: !!str 5\n---\nf: >\n  folded\n? g\n: h\n";
  constexpr unsigned kSeed = 20'240'611;
  std::mt19937 random(kSeed);
  SCOPED_TRACE("seed " + std::to_string(kSeed));
  constexpr std::string_view kBytes = "\n\t {}[]:,-&*!|>'\"#%?<~0a\xC3\xFF";
  for (int round = 0; round < 4000; ++round) {
    std::string mutated = text;
    for (unsigned i = 0; i <= random() % 4; ++i) {
      const std::size_t at = random() % mutated.size();
      switch (random() % 3) {
        case 0: mutated[at] = kBytes[random() % kBytes.size()]; break;
        case 1: mutated.insert(at, 1, kBytes[random() % kBytes.size()]); break;
        default: mutated.erase(at, 1 + random() % 3);
      }
    }
    const auto documents = ParseYaml(mutated, "a.yaml");
    if (!documents.ok()) {
      EXPECT_THAT(documents.status().message(), HasSubstr("a.yaml:")) << mutated;
    }
    (void)ParseJson(mutated, "a.json");
  }
}

TEST(ParseYaml, SaysWhatIsWrongWithTheIndentation) {
  for (const char* const text : {"a:\n\tb: 1\n", "a: 5\n  b: 1\n"}) {
    const auto documents = ParseYaml(text, "f.yaml");
    ASSERT_FALSE(documents.ok()) << text;
    EXPECT_NE(documents.status().message().find("a key cannot stand here"), std::string::npos)
        << documents.status().message();
  }
}

TEST(ParseYaml, SaysHowFarALiteralBlockIsIndented) {
  const auto documents = ParseYaml(
      "a: |-\n  b\n\n  c\nd:\n- | # e\n\n      f\n     \n      g\nh: >\n  i\n\n  j\nk: |1\n  l\n "
      "m\n"
      "n: \"|\n  o\n\n  p\"\nq: |+\n   r\n\ns: |-2\n   t\n   u\n",
      "a.yaml");
  ASSERT_TRUE(documents.ok()) << documents.status().message();
  const Document& document = documents->front();
  const auto indent = [&](const char* pointer) { return document.MarkOf(pointer).block_indent; };
  EXPECT_EQ(indent("/a"), 2);
  EXPECT_EQ(document.MarkOf("/a").position.line, 1);
  EXPECT_EQ(indent("/d/0"), 6);
  for (const char* const pointer : {"/h", "/k", "/n", ""}) EXPECT_EQ(indent(pointer), -1);
  EXPECT_EQ(indent("/q"), 3);
  EXPECT_EQ(indent("/s"), -1);
}

}  // namespace
}  // namespace lockstep
