// What an API server asks of a ConfigMap.
#include <gtest/gtest.h>

#include <algorithm>

#include "operators/admission/validate.h"
#include "operators/api/defaults.h"
#include "operators/codec/base64.h"

namespace lockstep {
namespace {

struct Read {
  Object object;
  std::vector<std::string> paths;  // of what is wrong
};

Read ReadMap(const std::string& yaml) {
  const auto documents = ParseYaml("apiVersion: v1\nkind: ConfigMap\n" + yaml, "map.yaml");
  EXPECT_TRUE(documents.ok()) << documents.status().message();
  auto decoded = Decode(documents->front());
  EXPECT_TRUE(decoded.ok()) << decoded.status().message();
  SetDefaults(decoded->object);
  Read read{decoded->object, {}};
  for (const Finding& finding :
       WithRules(decoded->findings, Validate(decoded->object, documents->front()))) {
    read.paths.push_back(finding.path);
  }
  return read;
}

using Paths = std::vector<std::string>;

TEST(ConfigMap, HoldsTextAndBytes) {
  const Read read = ReadMap(
      "metadata: {name: 1.names-0}\n"
      "data: {a.yaml: 'x: 1', empty: '', left: }\n"
      "binaryData: {b: SGk=}\n");
  EXPECT_EQ(read.paths, Paths{});
  const auto& map = std::get<ConfigMap>(read.object);
  EXPECT_EQ(map.meta.namespace_, "default");
  EXPECT_EQ(map.data.at("left"), "");
  EXPECT_EQ(map.data.size(), 3u);
}

TEST(ConfigMap, ValuesAreText) {
  EXPECT_EQ(ReadMap("metadata: {name: a}\ndata: {num: 1, bool: yes, list: [x], text: '1'}\n").paths,
            (Paths{"data.bool", "data.list", "data.num"}));
}

TEST(ConfigMap, KeysNameFiles) {
  EXPECT_EQ(ReadMap("metadata: {name: a}\ndata: {'a/b': x, '..': x, '..c': x, '.': x, ok_.-: x, "
                    "'': x}\n")
                .paths.size(),
            5u);
  EXPECT_EQ(ReadMap("metadata: {name: a}\ndata: {" + std::string(254, 'k') + ": x}\n").paths.size(),
            1u);
  EXPECT_EQ(ReadMap("metadata: {name: a}\ndata: {k: x}\nbinaryData: {k: ''}\n").paths,
            (Paths{"binaryData.k"}));
}

TEST(ConfigMap, NamesAreSubdomains) {
  for (const char* const name : {"A", "a_b", "a..b", "-a", "a-", "''"}) {
    EXPECT_EQ(ReadMap(std::string("metadata: {name: ") + name + "}\n").paths,
              Paths{"metadata.name"})
        << name;
  }
}

TEST(ConfigMap, IsAtMostAMebibyte) {
  const auto read = [](std::size_t bytes) {
    return ReadMap("metadata: {name: a}\ndata: {k: " + std::string(bytes, 'x') + "}\n").paths;
  };
  EXPECT_EQ(read(1024 * 1024), Paths{});
  EXPECT_EQ(read(1024 * 1024 + 1), Paths{"data"});
}

TEST(ConfigMap, ReadsBase64AsKubernetesDoes) {
  EXPECT_EQ(*DecodeBase64(""), "");
  EXPECT_EQ(*DecodeBase64("SGk="), "Hi");
  EXPECT_EQ(*DecodeBase64("AP+A\n/w==\n"), std::string("\0\xff\x80\xff", 4));
  for (const char* const text : {"SGk", "SG=k", "S===", "====", "SG k", "-_==", "SGk=SGk="}) {
    EXPECT_FALSE(DecodeBase64(text).ok()) << text;
  }
  EXPECT_EQ(ReadMap("metadata: {name: a}\nbinaryData: {k: SGk}\n").paths, Paths{"binaryData.k"});
}

TEST(ConfigMap, ChangesUnlessItIsImmutable) {
  const auto changes = [](const std::string& before, const std::string& after) {
    const std::string head = "metadata: {name: a, labels: {l: ";
    const Object old = ReadMap(head + "old}}\n" + before).object;
    const Object now = ReadMap(head + "new}}\n" + after).object;
    return ValidateUpdate(old, now, Document{}).size();
  };
  EXPECT_EQ(changes("data: {k: x}\n", "data: {k: y}\nimmutable: true\n"), 0u);
  EXPECT_EQ(changes("data: {k: x}\nimmutable: true\n", "data: {k: x}\nimmutable: true\n"), 0u);
  EXPECT_EQ(changes("data: {k: x}\nimmutable: true\n", "data: {k: y}\nimmutable: true\n"), 1u);
  EXPECT_EQ(changes("data: {k: x}\nimmutable: true\n", "data: {k: x}\n"), 1u);
  EXPECT_EQ(changes("immutable: true\n", "immutable: true\nbinaryData: {k: SGk=}\n"), 1u);
}

}  // namespace
}  // namespace lockstep
