#include "operators/codec/document.h"

namespace lockstep {

const Mark& Document::MarkOf(std::string_view pointer) const {
  static const Mark unknown;
  std::string place(pointer);
  while (true) {
    if (const auto mark = marks.find(place); mark != marks.end()) return mark->second;
    const std::size_t slash = place.rfind('/');
    if (slash == std::string::npos) return unknown;
    place.resize(slash);
  }
}

void AppendToPointer(std::string& pointer, std::string_view token) {
  pointer += '/';
  for (const char c : token) {
    if (c == '~') {
      pointer += "~0";
    } else if (c == '/') {
      pointer += "~1";
    } else {
      pointer += c;
    }
  }
}

}  // namespace lockstep
