// What an API server asks of a Secret, and what no message may show.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operators/admission/validate.h"
#include "operators/api/defaults.h"
#include "operators/codec/base64.h"

namespace lockstep {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

struct Read {
  Object object;
  std::vector<std::string> findings;
};

Read ReadSecret(const std::string& yaml) {
  const auto documents = ParseYaml("apiVersion: v1\nkind: Secret\n" + yaml, "secret.yaml");
  EXPECT_TRUE(documents.ok()) << documents.status().message();
  auto decoded = Decode(documents->front());
  EXPECT_TRUE(decoded.ok()) << decoded.status().message();
  SetDefaults(decoded->object);
  Read read{decoded->object, {}};
  for (const Finding& finding :
       WithRules(decoded->findings, Validate(decoded->object, documents->front()))) {
    read.findings.push_back(finding.path + ": " + finding.message);
  }
  return read;
}

const Secret& SecretOf(const Read& read) { return std::get<Secret>(read.object); }

TEST(Base64, IsReadAsItWasWritten) {
  EXPECT_EQ(EncodeBase64(""), "");
  EXPECT_EQ(EncodeBase64("f"), "Zg==");
  EXPECT_EQ(EncodeBase64("fo"), "Zm8=");
  EXPECT_EQ(EncodeBase64("foobar"), "Zm9vYmFy");
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
  for (std::size_t size = 0; size <= bytes.size(); ++size) {
    EXPECT_EQ(*DecodeBase64(EncodeBase64(bytes.substr(0, size))), bytes.substr(0, size));
  }
}

TEST(SecretRules, PlainTextBecomesDataAndWins) {
  const Read read =
      ReadSecret("metadata: {name: s}\ndata: {a: b2xk, b: eA==}\nstringData: {a: new, c: ''}\n");
  EXPECT_THAT(read.findings, IsEmpty());
  EXPECT_EQ(SecretOf(read).data,
            (std::map<std::string, std::string>{{"a", "bmV3"}, {"b", "eA=="}, {"c", ""}}));
  EXPECT_TRUE(SecretOf(read).string_data.empty());
  EXPECT_EQ(SecretOf(read).type, "Opaque");
}

TEST(SecretRules, WhatIsWrongIsSaidWithoutTheValue) {
  EXPECT_THAT(ReadSecret("metadata: {name: s}\ndata: {k: 'hush!'}\n").findings,
              ElementsAre("data.k: is no base64: write plain text under stringData instead"));
  for (const char* yaml :
       {"metadata: {name: s}\nstringData: {pin: 4711}\n",
        "metadata: {name: s}\ndata: {pin: 4711}\n", "metadata: {name: s}\nstringData: [4711]\n",
        "metadata: {name: s}\nstringData: {pin: {a: 4711}}\n"}) {
    const Read read = ReadSecret(yaml);
    ASSERT_EQ(read.findings.size(), 1u) << yaml;
    EXPECT_THAT(read.findings[0], HasSubstr("expected texts under keys"));
    EXPECT_THAT(read.findings[0], Not(HasSubstr("4711")));
  }
  EXPECT_THAT(ReadSecret("metadata: {name: s}\nstringData: {'a/b': x}\n").findings,
              ElementsAre(HasSubstr("is no key")));
  EXPECT_THAT(ReadSecret("metadata: {name: S}\n").findings,
              ElementsAre(HasSubstr("is no name of a Secret")));
  EXPECT_THAT(ReadSecret("metadata: {name: s}\nstringdata: {a: b}\n").findings,
              ElementsAre(HasSubstr("did you mean stringData?")));
  const std::string large(1024 * 1024 + 1, 'x');
  EXPECT_THAT(ReadSecret("metadata: {name: s}\nstringData: {a: " + large + "}\n").findings,
              ElementsAre(HasSubstr("at most 1048576")));
}

TEST(SecretRules, OneThatIsImmutableSaysWhichKeysWouldChange) {
  const Read before =
      ReadSecret("metadata: {name: s}\nstringData: {a: hush, b: other}\nimmutable: true\n");
  const Read after = ReadSecret("metadata: {name: s}\nstringData: {a: quiet, c: x}\n");
  const auto findings = ValidateUpdate(before.object, after.object, Document{});
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_THAT(findings[0].message, HasSubstr("data.a, data.b, data.c, immutable would change"));
  EXPECT_THAT(findings[0].message, Not(HasSubstr("hush")));
  EXPECT_THAT(ValidateUpdate(before.object, before.object, Document{}), IsEmpty());
  Object typed = before.object;
  std::get<Secret>(typed).type = "kubernetes.io/tls";
  EXPECT_EQ(ValidateUpdate(before.object, typed, Document{}).size(), 1u);
}

}  // namespace
}  // namespace lockstep
