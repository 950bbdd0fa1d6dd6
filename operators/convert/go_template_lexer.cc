#include "operators/convert/go_template_lexer.h"

#include <algorithm>

namespace lockstep {
namespace {

constexpr std::string_view kOpen = "{{";
constexpr std::string_view kClose = "}}";
constexpr std::string_view kSpaces = " \t\r\n";

bool IsSpace(char c) { return kSpaces.find(c) != std::string_view::npos; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  Result<std::vector<GoPiece>> Lex() {
    bool trim_left = false;
    while (true) {
      const std::size_t open = std::min(text_.find(kOpen, at_), text_.size());
      const bool trim_right = At(open + 2) == '-' && IsSpace(At(open + 3));
      AddText(open, trim_left, trim_right);
      if (open == text_.size()) return std::move(pieces_);
      at_ = open + kOpen.size() + (trim_right ? 2 : 0);
      LOCKSTEP_RETURN_IF_ERROR(text_.substr(at_).starts_with("/*") ? SkipComment(open)
                                                                   : LexAction(open));
      trim_left = At(at_) == '-';
      at_ += (trim_left ? 1 : 0) + kClose.size();
    }
  }

 private:
  char At(std::size_t i) const { return i < text_.size() ? text_[i] : '\0'; }
  Status Error(std::size_t offset, std::string_view what) const {
    return GoTemplateError(text_, offset, what);
  }
  // Whether the action ends here, `-` of a trim marker included.
  bool AtClose() const {
    if (text_.substr(at_).starts_with(kClose)) return true;
    return text_.substr(at_).starts_with("-}}") && at_ > 0 && IsSpace(text_[at_ - 1]);
  }

  void AddText(std::size_t end, bool trim_left, bool trim_right) {
    std::size_t begin = at_;
    while (trim_left && begin < end && IsSpace(text_[begin])) ++begin;
    while (trim_right && end > begin && IsSpace(text_[end - 1])) --end;
    if (begin == end) return;
    pieces_.push_back({begin, text_.substr(begin, end - begin), false, {}});
  }

  Status SkipComment(std::size_t open) {
    const std::size_t end = text_.find("*/", at_ + 2);
    if (end == std::string_view::npos) return Error(open, "the comment {{/* is not closed: */}}");
    at_ = end + 2;
    if (IsSpace(At(at_)) && text_.substr(at_ + 1).starts_with("-}}")) ++at_;
    return AtClose() ? OkStatus() : Error(open, "a comment stands alone in its action: {{/* */}}");
  }

  Status LexAction(std::size_t open) {
    GoPiece action{open, {}, true, {}};
    while (true) {
      while (IsSpace(At(at_))) ++at_;
      if (at_ >= text_.size()) return Error(open, "the action {{ is not closed with }}");
      if (AtClose()) break;
      GoToken token;
      token.offset = at_;
      LOCKSTEP_RETURN_IF_ERROR(LexToken(token));
      action.tokens.push_back(std::move(token));
    }
    if (action.tokens.empty()) return Error(open, "the action {{}} is empty");
    pieces_.push_back(std::move(action));
    return OkStatus();
  }

  Status LexToken(GoToken& token) {
    const char c = text_[at_];
    if (c == '|' || c == '(' || c == ')') {
      token.kind = c == '|'   ? GoToken::Kind::kPipe
                   : c == '(' ? GoToken::Kind::kOpen
                              : GoToken::Kind::kClose;
      token.text = c;
      ++at_;
      return OkStatus();
    }
    if (c == '"') return LexQuoted(token);
    if (c == '`') return LexRaw(token);
    if (c == '.' || c == '$') return LexField(token);
    if (IsDigit(c) || ((c == '-' || c == '+') && IsDigit(At(at_ + 1)))) return LexInteger(token);
    if (IsLetter(c)) {
      token.text = Word();
      return At(at_) == '.' ? Error(at_, "a field of \"" + token.text + "\" is not supported")
                            : OkStatus();
    }
    if (c == ':' || c == '=' || c == ',') {
      return Error(at_, "variables ({{$x := ...}}) are not supported");
    }
    return Error(at_, "\"" + std::string(1, c) + "\" is not understood in an action");
  }

  std::string Word() {
    const std::size_t begin = at_;
    while (IsLetter(At(at_)) || IsDigit(At(at_))) ++at_;
    return std::string(text_.substr(begin, at_ - begin));
  }

  Status LexField(GoToken& token) {
    token.kind = GoToken::Kind::kField;
    if (at_ > 0 && text_[at_] == '.' && text_[at_ - 1] == ')') {
      return Error(at_, "a field of a parenthesis is not supported");
    }
    const bool root = text_[at_] == '$';
    if (root) {
      token.text = text_[at_++];
      if (IsLetter(At(at_)) || IsDigit(At(at_))) {
        return Error(token.offset, "the variable $" + Word() + " is not supported");
      }
    }
    while (At(at_) == '.') {
      token.text += text_[at_++];
      if (IsLetter(At(at_))) {
        token.text += Word();
      } else if (token.text != "." || At(at_) == '.' || IsDigit(At(at_))) {
        return Error(token.offset, "\"" + token.text + "\" names no field");
      }
    }
    return OkStatus();
  }

  Status LexInteger(GoToken& token) {
    constexpr std::size_t kDigitsMax = 18;  // fits 64 bits
    token.kind = GoToken::Kind::kInteger;
    if (text_[at_] == '-') token.text = '-';
    if (!IsDigit(text_[at_])) ++at_;
    const std::size_t begin = at_;
    while (IsDigit(At(at_))) token.text += text_[at_++];
    const bool octal = text_[begin] == '0' && at_ - begin > 1;
    if (IsLetter(At(at_)) || At(at_) == '.' || octal || at_ - begin > kDigitsMax) {
      return Error(token.offset, "only whole decimal numbers are supported");
    }
    return OkStatus();
  }

  Status LexRaw(GoToken& token) {
    token.kind = GoToken::Kind::kString;
    const std::size_t end = text_.find('`', at_ + 1);
    if (end == std::string_view::npos) return Error(at_, "the string ` is not closed");
    token.text = text_.substr(at_ + 1, end - at_ - 1);
    at_ = end + 1;
    return OkStatus();
  }

  Status LexQuoted(GoToken& token) {
    token.kind = GoToken::Kind::kString;
    constexpr std::string_view kEscapes = "nrt\\\"";
    constexpr std::string_view kEscaped = "\n\r\t\\\"";
    for (++at_; At(at_) != '"'; ++at_) {
      if (at_ >= text_.size() || text_[at_] == '\n') {
        return Error(token.offset, "the string \" is not closed");
      }
      if (text_[at_] != '\\') {
        token.text += text_[at_];
        continue;
      }
      const std::size_t escape = kEscapes.find(At(++at_));
      if (escape == std::string_view::npos) {
        return Error(at_ - 1, "the escape \\" + std::string(text_.substr(at_, 1)) +
                                  " in a string is not supported");
      }
      token.text += kEscaped[escape];
    }
    ++at_;
    return OkStatus();
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::vector<GoPiece> pieces_;
};

}  // namespace

Result<std::vector<GoPiece>> LexGoTemplate(std::string_view text) { return Lexer(text).Lex(); }

Status GoTemplateError(std::string_view text, std::size_t offset, std::string_view what) {
  const std::string_view before = text.substr(0, offset);
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const std::size_t newline = before.rfind('\n');
  const std::size_t begin = newline == std::string_view::npos ? 0 : newline + 1;
  return InvalidArgument(std::to_string(line) + ":" + std::to_string(offset - begin + 1) + ": " +
                         std::string(what));
}

}  // namespace lockstep
