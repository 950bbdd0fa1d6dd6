#include "operators/api/field_path.h"

#include <algorithm>

#include "operators/codec/document.h"

namespace lockstep {
namespace {

bool IsPlain(std::string_view name) {
  return !name.empty() && name.find_first_of(".[]") == std::string_view::npos;
}

std::string Unescaped(std::string_view part) {
  std::string text;
  for (std::size_t i = 0; i < part.size(); ++i) {
    if (part[i] == '~' && i + 1 < part.size()) {
      text += part[++i] == '1' ? '/' : '~';
    } else {
      text += part[i];
    }
  }
  return text;
}

}  // namespace

std::string FieldPath(std::string_view path, std::string_view name) {
  std::string result(path);
  if (!IsPlain(name)) return result.append("[").append(name).append("]");
  if (!result.empty()) result += '.';
  return result.append(name);
}

std::string ElementPath(std::string_view path, std::size_t index) {
  return std::string(path).append("[").append(std::to_string(index)).append("]");
}

std::string PathToPointer(std::string_view path) {
  std::string pointer;
  while (!path.empty()) {
    const bool bracket = path.front() == '[';
    if (bracket || path.front() == '.') path.remove_prefix(1);
    const std::size_t end =
        std::min(bracket ? path.find(']') : path.find_first_of(".["), path.size());
    AppendToPointer(pointer, path.substr(0, end));
    path.remove_prefix(std::min(end + (bracket ? 1 : 0), path.size()));
  }
  return pointer;
}

std::string PointerToPath(std::string_view pointer) {
  std::string path;
  while (!pointer.empty()) {
    pointer.remove_prefix(1);
    const std::size_t end = std::min(pointer.find('/'), pointer.size());
    const std::string part = Unescaped(pointer.substr(0, end));
    const bool index = !part.empty() && std::all_of(part.begin(), part.end(),
                                                    [](char c) { return c >= '0' && c <= '9'; });
    path = index ? path + "[" + part + "]" : FieldPath(path, part);
    pointer.remove_prefix(end);
  }
  return path;
}

}  // namespace lockstep
