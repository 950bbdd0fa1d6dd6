#include "operators/api/growing_list.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace lockstep {
namespace {

TEST(GrowingList, IsAListWhoseCopiesShareBlocks) {
  GrowingList<int> list;
  std::vector<int> same;
  EXPECT_TRUE(list.empty());
  for (int i = 0; i < 100; ++i) {
    const GrowingList<int> before = list;
    EXPECT_EQ(before, GrowingList<int>(same));
    list.push_back(i);
    same.push_back(i);
    EXPECT_FALSE(before == list);
    ASSERT_EQ(list.size(), same.size());
    EXPECT_TRUE(std::equal(list.begin(), list.end(), same.begin(), same.end()));
    EXPECT_EQ(list.back(), i);
    for (std::size_t block = 0; block < before.blocks().size(); ++block)
      EXPECT_EQ(before.blocks()[block], list.blocks()[block]) << "the same, not only equal";
  }
  EXPECT_EQ(list.blocks().size(), 100 / GrowingList<int>::kBlockSize);
  EXPECT_EQ(list.end() - list.begin(), 100);
  EXPECT_EQ(list.begin()[99], 99);
}

}  // namespace
}  // namespace lockstep
