#include "operators/observe/json_object_line.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "operators/codec/json.h"
#include "operators/observe/utf8_text.h"

namespace lockstep {
namespace {

constexpr int kDepthMax = 10'000;  // Go's
constexpr std::size_t kReasonBytesMax = 200;
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

class FieldReader final : public nlohmann::json_sax<Json> {
 public:
  explicit FieldReader(JsonFields& fields) : fields_(fields) {}

  const std::string& error() const { return error_; }

  bool null() override { return depth_ == 0 || Set(JsonField::Kind::kOther, "", 0); }
  bool boolean(bool) override { return Set(JsonField::Kind::kOther, "", 0); }
  bool number_integer(number_integer_t value) override {
    return Set(JsonField::Kind::kNumber, std::to_string(value), static_cast<double>(value));
  }
  bool number_unsigned(number_unsigned_t value) override {
    return Set(JsonField::Kind::kNumber, std::to_string(value), static_cast<double>(value));
  }
  bool number_float(number_float_t value, const string_t& spelled) override {
    return Set(JsonField::Kind::kNumber, spelled, value);
  }
  bool string(string_t& value) override { return Set(JsonField::Kind::kText, std::move(value), 0); }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override { return Open(); }
  bool start_array(std::size_t) override { return depth_ == 0 ? NoObject() : Open(); }
  bool key(string_t& value) override {
    if (depth_ != 1) return true;
    const auto found = fields_.find(value);
    field_ = found == fields_.end() ? nullptr : &found->second;
    return true;
  }
  bool end_object() override { return Close(); }
  bool end_array() override { return Close(); }
  bool parse_error(std::size_t offset, const std::string&, const Json::exception& error) override {
    // "[json.exception.parse_error.101] parse error at line 1, column 9: syntax error while ..."
    std::string_view what = error.what();
    if (const auto colon = what.find(": "); colon != what.npos) what.remove_prefix(colon + 2);
    error_ = "is no JSON object: column " + std::to_string(std::max<std::size_t>(offset, 1)) +
             ": " + ReplaceInvalidUtf8(what.substr(0, kReasonBytesMax));
    return false;
  }

 private:
  bool NoObject() {
    error_ = "is no JSON object";
    return false;
  }
  bool Set(JsonField::Kind kind, std::string text, double number) {
    if (depth_ == 0) return NoObject();
    if (depth_ == 1 && field_ != nullptr) *field_ = {kind, std::move(text), number};
    return true;
  }
  bool Open() {
    if (depth_ >= kDepthMax) {
      error_ = "is no JSON object: nested deeper than " + std::to_string(kDepthMax);
      return false;
    }
    if (depth_ > 0) Set(JsonField::Kind::kOther, "", 0);
    ++depth_;
    return true;
  }
  bool Close() {
    --depth_;
    return true;
  }

  JsonFields& fields_;
  JsonField* field_ = nullptr;  // of the last key of the object itself
  int depth_ = 0;
  std::string error_;
};

// Of the \uXXXX at `i`; nullopt: there is none.
std::optional<unsigned> EscapeAt(std::string_view text, std::size_t i) {
  if (text.substr(i, 2) != "\\u" || text.size() < i + 6) return std::nullopt;
  unsigned code = 0;
  const char* const end = text.data() + i + 6;
  if (std::from_chars(text.data() + i + 2, end, code, 16).ptr != end) return std::nullopt;
  return code;
}

// Half a surrogate pair is no character: the parser would refuse it, Go reads U+FFFD.
void ReplaceHalfPairs(std::string& line) {
  const auto between = [](std::optional<unsigned> code, unsigned low, unsigned high) {
    return code && *code >= low && *code <= high;
  };
  for (std::size_t i = line.find('\\'); i < line.size(); i = line.find('\\', i)) {
    const std::optional<unsigned> code = EscapeAt(line, i);
    if (!code) {
      i += 2;  // another escape, a backslash's own included
    } else if (between(code, 0xd800, 0xdbff) && between(EscapeAt(line, i + 6), 0xdc00, 0xdfff)) {
      i += 12;
    } else {
      if (between(code, 0xd800, 0xdfff)) line.replace(i, 6, "\\ufffd");
      i += 6;
    }
  }
}

// `line` with quotes around what Python writes for numbers that JSON does not have.
std::string QuoteNonFinite(std::string_view line) {
  std::string quoted;
  bool in_string = false;
  for (std::size_t i = 0; i < line.size();) {
    std::size_t bytes = 1;
    if (line[i] == '"') in_string = !in_string;
    if (in_string && line[i] == '\\') bytes = 2;
    std::string_view token;
    for (const std::string_view name : {"NaN", "Infinity", "-Infinity"}) {
      if (!in_string && line.substr(i).starts_with(name)) token = name;
    }
    if (token.empty()) {
      quoted += line.substr(i, bytes);
      i += bytes;
    } else {
      quoted.append("\"").append(token).append("\"");
      i += token.size();
    }
  }
  return quoted;
}

Status ReadStrictly(std::string_view line, JsonFields& fields) {
  for (auto& [key, field] : fields) field = {};
  // nlohmann skips the first and ends at the second.
  if (line.starts_with(kByteOrderMark)) {
    return InvalidArgument("is no JSON object: column 1: it begins with a byte order mark");
  }
  if (const auto nul = line.find('\0'); nul != line.npos) {
    return InvalidArgument("is no JSON object: column " + std::to_string(nul + 1) +
                           ": there is a NUL byte");
  }
  FieldReader reader(fields);
  if (Json::sax_parse(line, &reader)) return OkStatus();
  return InvalidArgument(reader.error());
}

}  // namespace

Status ReadJsonObjectLine(std::string_view line, bool lenient, JsonFields& fields) {
  if (lenient && line.starts_with(kByteOrderMark)) line.remove_prefix(kByteOrderMark.size());
  std::string mended = ReplaceInvalidUtf8(line);
  if (mended.find("\\u") != mended.npos) ReplaceHalfPairs(mended);
  const Status strict = ReadStrictly(mended, fields);
  if (strict.ok() || !lenient) return strict;
  const std::string quoted = QuoteNonFinite(mended);
  if (quoted.size() == mended.size() || !ReadStrictly(quoted, fields).ok()) {
    for (auto& [key, field] : fields) field = {};
    return strict;
  }
  return OkStatus();
}

}  // namespace lockstep
