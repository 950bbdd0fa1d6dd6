// Replaces paths in text: how a program that cannot be given mounts is told where its files are.
// Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lockstep {

struct PathRewrite {
  std::string from;  // absolute, without / at its end
  std::string to;
};

// Every `from` that is a whole path, or the beginning of one that goes on with /, becomes its `to`;
// of several the longest. What comes before and after it decides: "--out=/katib/x" and "a:/katib"
// hold /katib, "/data/katib" and "/katib2" do not.
std::string RewritePaths(std::string_view text, const std::vector<PathRewrite>& rewrites);

}  // namespace lockstep
