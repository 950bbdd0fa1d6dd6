#include "operators/observe/name_finder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace lockstep {
namespace {

// As NameFinder::Find, place by place.
NameFinder::Found FindSlowly(const std::vector<std::string>& names, std::string_view text,
                             std::size_t from, std::uint64_t& line_feeds) {
  for (std::size_t at = from; at < text.size(); ++at) {
    std::size_t end = std::string_view::npos;
    for (const std::string& name : names) {
      const bool begins = name.find('\n') == name.npos && text.substr(at).starts_with(name);
      if (begins) end = std::min(end, at + name.size());
    }
    if (end != std::string_view::npos) return {at, end};
    line_feeds += text[at] == '\n' ? 1 : 0;
  }
  return {std::string_view::npos, std::string_view::npos};
}

class EveryLevel : public testing::TestWithParam<NameFinder::Level> {
 protected:
  void SetUp() override {
    if (GetParam() > NameFinder::BestLevel()) {
      GTEST_SKIP() << "this processor has no " << NameFinder::LevelName(GetParam());
    }
  }
  void ExpectAsSlowly(const std::vector<std::string>& names, const std::string& text) {
    const NameFinder finder(names, GetParam());
    for (std::size_t from = 0; from < text.size();) {
      std::uint64_t feeds = 0;
      std::uint64_t wanted_feeds = 0;
      const auto found = finder.Find(text, from, feeds);
      const auto wanted = FindSlowly(names, text, from, wanted_feeds);
      ASSERT_EQ(found.begin, wanted.begin) << from << " in " << testing::PrintToString(text);
      ASSERT_EQ(found.end, wanted.end) << from << " in " << testing::PrintToString(text);
      ASSERT_EQ(feeds, wanted_feeds) << from << " in " << testing::PrintToString(text);
      if (found.begin == std::string::npos) break;
      from = found.begin + 1;
    }
  }
};

TEST_P(EveryLevel, FindsANameAtEveryPlaceOfALongText) {
  for (const std::string name : {"a", "loss", "accuracy", "validation/top-5.accuracy"}) {
    for (std::size_t size = 0; size < 300; size += 7) {
      for (std::size_t at = 0; at <= size; ++at) {
        std::string text(size, '\n');
        text.insert(at, name);
        ASSERT_NO_FATAL_FAILURE(ExpectAsSlowly({name}, text));
      }
    }
  }
}

TEST_P(EveryLevel, FindsWhatALookAtEveryPlaceFinds) {
  std::mt19937 random(4);
  const auto below = [&](std::size_t end) { return random() % end; };
  const std::vector<std::vector<std::string>> cases = {
      {"ab"},
      {"loss", "ss", "lo"},
      {"a", "aa", "aaa", "b\nb"},
      {"ab", "ba", "aabb", "bbaa", "s\xff", "\xc3\xa4", "loss", "ossl", "o", "sslo"},
      {},
  };
  for (int round = 0; round < 3000; ++round) {
    std::string text;
    for (std::size_t size = below(400); text.size() < size;) {
      text += "aaabloss\n\n \xff\xc3\xa4"[below(14)];
      if (below(9) == 0) text += std::string(below(90), 'x');
    }
    ASSERT_NO_FATAL_FAILURE(ExpectAsSlowly(cases[below(cases.size())], text));
  }
}

TEST_P(EveryLevel, FindsAnEmptyNameEverywhere) {
  const NameFinder finder({"loss", ""}, GetParam());
  std::uint64_t feeds = 0;
  EXPECT_EQ(finder.Find("a\nb", 1, feeds).begin, 1u);
  EXPECT_EQ(finder.Find("a\nb", 1, feeds).end, 1u);
  EXPECT_EQ(feeds, 0u);
}

INSTANTIATE_TEST_SUITE_P(Levels, EveryLevel,
                         testing::Values(NameFinder::Level::kPlain, NameFinder::Level::kAvx2,
                                         NameFinder::Level::kAvx512),
                         [](const auto& suite) {
                           std::string name(NameFinder::LevelName(suite.param));
                           std::erase(name, '-');
                           return name;
                         });

}  // namespace
}  // namespace lockstep
