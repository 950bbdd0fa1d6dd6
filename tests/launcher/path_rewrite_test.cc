#include "launcher/path_rewrite.h"

#include <gtest/gtest.h>

namespace lockstep {
namespace {

TEST(PathRewrite, ReplacesWholePathsOnly) {
  const std::vector<PathRewrite> rewrites = {{"/katib", "/job/v"}, {"/katib/deep", "/job/d"}};
  const std::pair<const char*, const char*> cases[] = {
      {"/katib", "/job/v"},
      {"/katib/x", "/job/v/x"},
      {"/katib/", "/job/v/"},
      {"--out=/katib/x", "--out=/job/v/x"},
      {"echo '/katib' > \"/katib/y\"; ls /katib:/katib",
       "echo '/job/v' > \"/job/v/y\"; ls "
       "/job/v:/job/v"},
      {"/katib/deep/z", "/job/d/z"},
      {"/katib/deeper", "/job/v/deeper"},
      {"/katib2", "/katib2"},
      {"/katib.old", "/katib.old"},
      {"/data/katib", "/data/katib"},
      {"$HOME/katib ${X}/katib $(X)/katib", "$HOME/katib ${X}/katib $(X)/katib"},
      {"s3://katib", "s3://katib"},
      {"katib/x", "katib/x"},
      {"\xc3\xa4/katib", "\xc3\xa4/katib"},
      {"", ""},
  };
  for (const auto& [text, rewritten] : cases) EXPECT_EQ(RewritePaths(text, rewrites), rewritten);
}

}  // namespace
}  // namespace lockstep
