#include <gtest/gtest.h>

#include <random>

#include "operators/codec/document.h"

namespace lockstep {
namespace {

TEST(ToYaml, WritesAsKubectlDoes) {
  const Json value = Json::parse(R"({"metadata":{"name":"a","labels":{"a.b/c":"true"}},
    "spec":{"args":["--lr=0.1","- x","1"],"empty":[],"nested":[{"a":1,"b":[2]}],"none":{},
            "script":"set -e\nrun\n","goal":0.001}})");
  EXPECT_EQ(ToYaml(value), R"(metadata:
  labels:
    a.b/c: "true"
  name: a
spec:
  args:
  - '--lr=0.1'
  - '- x'
  - "1"
  empty: []
  goal: 0.001
  nested:
  - a: 1
    b:
    - 2
  none: {}
  script: |
    set -e
    run
)");
}

Json RandomValue(std::mt19937& random, int depth) {
  static const std::vector<std::string> texts = {
      "", "x", "yes", "0x1f", "1e3", " lead", "trail ", "a: b", "a #b", "#a", "- a", "-a", "--a",
      "?", "*a", "&a", "!a", "'q'", "\"q\"", "a\nb", "a\nb\n", "a\n\nb", "\na", " a\nb", "a \nb",
      "a\n\n", "tab\there", "%a", "@a", "`a", "null", "~", "<<", "=", "...", "---", "a:", "é\n",
      "{a}", "[a", "a,b", "|", ">", "\\", "a\\n", "12:30", "2024-01-01", ".5", ".inf", "a\rb",
      // As a key too long for YAML's short form.
      std::string(2000, 'k'), std::string(2000, ' '),
      // As a key where the text begins.
      "\xEF\xBB\xBF"
      "a"};
  switch (random() % (depth > 3 ? 4 : 6)) {
    case 0: return static_cast<int>(random() % 1000) - 500;
    case 1: return static_cast<double>(random()) / 7;
    case 2: return random() % 2 == 0 ? Json(nullptr) : Json(true);
    case 3: return texts[random() % texts.size()];
    case 4: {
      Json list = Json::array();
      for (unsigned i = random() % 4; i > 0; --i) list.push_back(RandomValue(random, depth + 1));
      return list;
    }
    default: {
      Json map = Json::object();
      for (unsigned i = random() % 4; i > 0; --i) {
        map[texts[random() % texts.size()]] = RandomValue(random, depth + 1);
      }
      return map;
    }
  }
}

TEST(ToYaml, ReadsBackAsTheSameValue) {
  constexpr unsigned kSeed = 7;
  std::mt19937 random(kSeed);
  for (int round = 0; round < 3000; ++round) {
    Json value = RandomValue(random, 0);
    if (!value.is_object() || value.empty()) value = Json{{"v", std::move(value)}};
    const std::string yaml = ToYaml(value);
    const auto documents = ParseYaml(yaml, "-");
    ASSERT_TRUE(documents.ok()) << documents.status().message() << "\n" << yaml;
    ASSERT_EQ(documents->size(), 1u) << yaml;
    ASSERT_EQ(documents->front().value, value) << yaml;
  }
}

}  // namespace
}  // namespace lockstep
