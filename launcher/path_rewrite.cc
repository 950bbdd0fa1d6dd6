#include "launcher/path_rewrite.h"

namespace lockstep {
namespace {

bool IsNameChar(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         static_cast<unsigned char>(c) >= 0x80 || c == '_' || c == '-' || c == '.' || c == '+' ||
         c == '@' || c == '%' || c == '~';
}

// A ) or } before it ends a variable, which is the beginning of some other path.
bool CanStand(std::string_view text, std::size_t begin, std::size_t end) {
  if (begin > 0) {
    const char before = text[begin - 1];
    if (IsNameChar(before) || before == '/' || before == ')' || before == '}') return false;
  }
  return end == text.size() || !IsNameChar(text[end]);
}

const PathRewrite* At(std::string_view text, std::size_t begin,
                      const std::vector<PathRewrite>& rewrites) {
  const PathRewrite* found = nullptr;
  for (const PathRewrite& rewrite : rewrites) {
    if (!text.substr(begin).starts_with(rewrite.from)) continue;
    if (!CanStand(text, begin, begin + rewrite.from.size())) continue;
    if (found == nullptr || found->from.size() < rewrite.from.size()) found = &rewrite;
  }
  return found;
}

}  // namespace

std::string RewritePaths(std::string_view text, const std::vector<PathRewrite>& rewrites) {
  std::string rewritten;
  for (std::size_t i = 0; i < text.size();) {
    const PathRewrite* rewrite = text[i] == '/' ? At(text, i, rewrites) : nullptr;
    if (rewrite == nullptr) {
      rewritten += text[i++];
    } else {
      rewritten += rewrite->to;
      i += rewrite->from.size();
    }
  }
  return rewritten;
}

}  // namespace lockstep
