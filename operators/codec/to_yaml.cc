#include <algorithm>

#include "operators/codec/document.h"
#include "operators/codec/scalar.h"

namespace lockstep {
namespace {

// YAML takes no more than 1024 characters in front of a colon; kubectl writes a longer key than
// this with a question mark.
constexpr std::size_t kSimpleKeyMax = 128;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

bool IsControl(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

bool ReadsAsItself(const std::string& text) {
  constexpr std::string_view kIndicators = "-?:,[]{}#&*!|>'\"%@` ";
  if (text == "<<" || !ResolvePlainScalar(text).is_string()) return false;
  if (text.starts_with(kByteOrderMark)) return false;  // which nobody would read as text
  const bool dash_word = text.size() > 1 && text[0] == '-' && text[1] != ' ' && text[1] != '-';
  if (kIndicators.find(text.front()) != std::string_view::npos && !dash_word) return false;
  if (text.back() == ' ' || text.back() == ':' || text == "=") return false;
  if (text.find(": ") != std::string::npos || text.find(" #") != std::string::npos) return false;
  return std::none_of(text.begin(), text.end(), IsControl) && text.rfind("...", 0) != 0;
}

// Blocks keep lines readable; what they cannot hold exactly is quoted.
bool FitsBlock(const std::string& text) {
  if (text.find('\n') == std::string::npos || text.front() == ' ' || text.front() == '\n') {
    return false;
  }
  if (text.size() > 1 && text.compare(text.size() - 2, 2, "\n\n") == 0) return false;
  if (text.find(" \n") != std::string::npos || text.back() == ' ') return false;
  return std::none_of(text.begin(), text.end(), [](char c) { return IsControl(c) && c != '\n'; });
}

std::string Indent(int depth) { return std::string(2 * static_cast<std::size_t>(depth), ' '); }

std::string Block(const std::string& text, int depth) {
  std::string block = text.back() == '\n' ? "|" : "|-";
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    block += '\n';
    if (end > at) block += Indent(depth) + text.substr(at, end - at);
    at = end + 1;
  }
  return block;
}

std::string Quoted(const std::string& text) {
  const bool plain_quotes = !text.empty() && ResolvePlainScalar(text).is_string() &&
                            std::none_of(text.begin(), text.end(), IsControl);
  if (!plain_quotes) return Json(text).dump();
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? "''" : std::string(1, c);
  return quoted + "'";
}

std::string Scalar(const Json& value, int depth) {
  if (!value.is_string()) return value.dump();
  const auto& text = value.get_ref<const std::string&>();
  if (!text.empty() && ReadsAsItself(text)) return text;
  return FitsBlock(text) ? Block(text, depth) : Quoted(text);
}

void Write(const Json& value, int depth, bool after_dash, std::string& yaml);

// "key: value" or "key:" and an indented block; lists stand under their key without indent.
void WriteEntry(const Json& value, int depth, std::string& yaml) {
  if (value.is_structured() && !value.empty()) {
    yaml += '\n';
    Write(value, value.is_array() ? depth : depth + 1, false, yaml);
  } else {
    yaml += ' ' + Scalar(value, depth + 1) + '\n';
  }
}

void Write(const Json& value, int depth, bool after_dash, std::string& yaml) {
  if (!value.is_structured() || value.empty()) {
    yaml += Scalar(value, std::max(depth, 1)) + '\n';  // a block's lines are always indented
    return;
  }
  const auto indent = [&] {
    if (!after_dash) yaml += Indent(depth);
    after_dash = false;
  };
  if (value.is_array()) {
    for (const Json& element : value) {
      indent();
      yaml += "- ";
      Write(element, depth + 1, true, yaml);
    }
    return;
  }
  for (const auto& [name, entry] : value.items()) {
    indent();
    const std::string key = !name.empty() && ReadsAsItself(name) ? name : Quoted(name);
    const bool simple = key.size() <= kSimpleKeyMax;
    yaml += simple ? key + ":" : "? " + key + "\n" + Indent(depth) + ":";
    WriteEntry(entry, simple ? depth : depth + 1, yaml);
  }
}

}  // namespace

std::string ToYaml(const Json& value) {
  std::string yaml;
  Write(value, 0, false, yaml);
  return yaml;
}

}  // namespace lockstep
