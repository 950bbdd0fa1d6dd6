#include "operators/convert/go_template_tree.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "operators/convert/go_template_lexer.h"

namespace lockstep {
namespace {

using Kind = GoToken::Kind;

constexpr std::string_view kFunctions[] = {"printf", "eq", "ne", "not"};

bool IsFunction(std::string_view word) {
  return std::find(std::begin(kFunctions), std::end(kFunctions), word) != std::end(kFunctions);
}

// The keyword that an action begins with, or "".
std::string_view Keyword(const GoPiece& piece) {
  if (!piece.is_action || piece.tokens.front().kind != Kind::kWord) return "";
  const std::string_view word = piece.tokens.front().text;
  for (const std::string_view keyword : {"if", "with", "range", "else", "end"}) {
    if (word == keyword) return keyword;
  }
  return "";
}

class Parser {
 public:
  Parser(std::string_view text, int depth_max, const std::vector<GoPiece>& pieces)
      : text_(text), depth_max_(depth_max), pieces_(pieces) {}

  Result<std::vector<GoNode>> Parse() {
    std::vector<GoNode> nodes;
    LOCKSTEP_RETURN_IF_ERROR(ParseList(nodes));
    if (at_ == pieces_.size()) return nodes;
    return Error(pieces_[at_].offset, "{{" + std::string(Keyword(pieces_[at_])) +
                                          "}} without {{if}}, {{with}} or {{range}}");
  }

 private:
  Status Error(std::size_t offset, std::string_view what) const {
    return GoTemplateError(text_, offset, what);
  }
  Status TooDeep(std::size_t offset) const {
    return Error(offset, "nested deeper than " + std::to_string(depth_max_));
  }

  // Up to the {{else}} or {{end}} that belongs to the block around, or the end of the text.
  Status ParseList(std::vector<GoNode>& nodes) {
    while (at_ < pieces_.size()) {
      const GoPiece& piece = pieces_[at_];
      const std::string_view keyword = Keyword(piece);
      if (keyword == "else" || keyword == "end") return OkStatus();
      GoNode node;
      node.offset = piece.offset;
      node.text = piece.text;
      if (!piece.is_action) {
        ++at_;
      } else if (keyword.empty()) {
        node.kind = GoNode::Kind::kAction;
        ++at_;
        LOCKSTEP_RETURN_IF_ERROR(ParseWhole(piece, 0, node.pipeline));
      } else {
        LOCKSTEP_RETURN_IF_ERROR(ParseBlock(piece, 0, node));
      }
      nodes.push_back(std::move(node));
    }
    return OkStatus();
  }

  // From {{if ...}} behind its {{end}}. `first`: the token with the keyword; of {{else if ...}} it
  // is the second, and that block shares the {{end}} of the one around.
  Status ParseBlock(const GoPiece& piece, std::size_t first, GoNode& node) {
    if (++depth_ > depth_max_) return TooDeep(piece.offset);
    const std::string keyword = piece.tokens[first].text;
    node.offset = piece.offset;
    node.kind = keyword == "if"     ? GoNode::Kind::kIf
                : keyword == "with" ? GoNode::Kind::kWith
                                    : GoNode::Kind::kRange;
    ++at_;
    LOCKSTEP_RETURN_IF_ERROR(ParseWhole(piece, first + 1, node.pipeline));
    LOCKSTEP_RETURN_IF_ERROR(ParseList(node.body));
    const Status open = Error(piece.offset, "{{" + keyword + "}} is not closed with {{end}}");
    if (at_ == pieces_.size()) return open;
    if (Keyword(pieces_[at_]) == "else") {
      const GoPiece& other = pieces_[at_];
      if (other.tokens.size() > 1) {
        if (node.kind != GoNode::Kind::kIf || other.tokens[1].text != "if") {
          return Error(other.offset, "{{else " + other.tokens[1].text + "}} is not supported");
        }
        node.otherwise.emplace_back();
        LOCKSTEP_RETURN_IF_ERROR(ParseBlock(other, 1, node.otherwise.back()));  // takes the {{end}}
        --depth_;
        return OkStatus();
      }
      ++at_;
      LOCKSTEP_RETURN_IF_ERROR(ParseList(node.otherwise));
      if (at_ == pieces_.size()) return open;
    }
    const GoPiece& end = pieces_[at_++];
    if (Keyword(end) == "else") return Error(end.offset, "a second {{else}}");
    if (end.tokens.size() > 1) return Error(end.offset, "{{end}} takes no argument");
    --depth_;
    return OkStatus();
  }

  // All tokens of an action from `first` on.
  Status ParseWhole(const GoPiece& piece, std::size_t first, GoPipeline& pipeline) {
    std::size_t at = first;
    LOCKSTEP_RETURN_IF_ERROR(ParsePipeline(piece, at, pipeline));
    return at == piece.tokens.size() ? OkStatus() : Error(piece.tokens[at].offset, "a stray )");
  }

  Status ParsePipeline(const GoPiece& piece, std::size_t& at, GoPipeline& pipeline) {
    const std::vector<GoToken>& tokens = piece.tokens;
    while (true) {
      if (at == tokens.size() || tokens[at].kind == Kind::kPipe ||
          tokens[at].kind == Kind::kClose) {
        return Error(at == tokens.size() ? piece.offset : tokens[at].offset, "a value is missing");
      }
      LOCKSTEP_RETURN_IF_ERROR(ParseCommand(piece, at, pipeline));
      if (at == tokens.size() || tokens[at].kind != Kind::kPipe) return OkStatus();
      ++at;
    }
  }

  Status ParseCommand(const GoPiece& piece, std::size_t& at, GoPipeline& pipeline) {
    const std::vector<GoToken>& tokens = piece.tokens;
    GoCommand command;
    command.offset = tokens[at].offset;
    const bool is_word = tokens[at].kind == Kind::kWord;
    if (is_word && tokens[at].text != "true" && tokens[at].text != "false") {
      command.function = tokens[at].text;
      if (!IsFunction(command.function)) {
        return Error(command.offset, "\"" + command.function +
                                         "\" is not supported: use if, else, with, range, end, "
                                         "printf, eq, ne or not");
      }
      ++at;
    }
    while (at < tokens.size() && tokens[at].kind != Kind::kPipe &&
           tokens[at].kind != Kind::kClose) {
      command.arguments.emplace_back();
      LOCKSTEP_RETURN_IF_ERROR(ParseOperand(piece, at, command.arguments.back()));
    }
    if (command.function.empty() && (command.arguments.size() > 1 || !pipeline.empty())) {
      return Error(command.offset, "a value is no function and takes no arguments");
    }
    pipeline.push_back(std::move(command));
    return OkStatus();
  }

  Status ParseOperand(const GoPiece& piece, std::size_t& at, GoOperand& operand) {
    const GoToken& token = piece.tokens[at++];
    operand.offset = token.offset;
    switch (token.kind) {
      case Kind::kField: SetField(token.text, operand); break;
      case Kind::kString:
        operand.kind = GoOperand::Kind::kString;
        operand.text = token.text;
        break;
      case Kind::kInteger:
        operand.kind = GoOperand::Kind::kInteger;
        std::from_chars(token.text.data(), token.text.data() + token.text.size(), operand.integer);
        break;
      case Kind::kOpen: {
        if (++depth_ > depth_max_) return TooDeep(token.offset);
        operand.kind = GoOperand::Kind::kGroup;
        LOCKSTEP_RETURN_IF_ERROR(ParsePipeline(piece, at, operand.group));
        if (at == piece.tokens.size()) return Error(token.offset, "( is not closed");
        ++at;
        --depth_;
        break;
      }
      default:
        if (token.text != "true" && token.text != "false") {
          return Error(token.offset, "\"" + token.text + "\" is no value: use parentheses around " +
                                         "a function and its arguments");
        }
        operand.kind = GoOperand::Kind::kBoolean;
        operand.boolean = token.text == "true";
    }
    return OkStatus();
  }

  static void SetField(const std::string& spelling, GoOperand& operand) {
    operand.spelling = spelling;
    std::string_view rest = spelling;
    operand.from_root = rest.front() == '$';
    if (operand.from_root) rest.remove_prefix(1);
    while (rest.size() > 1) {
      rest.remove_prefix(1);
      const std::size_t end = std::min(rest.find('.'), rest.size());
      operand.path.emplace_back(rest.substr(0, end));
      rest.remove_prefix(end);
    }
  }

  std::string_view text_;
  int depth_max_;
  const std::vector<GoPiece>& pieces_;
  std::size_t at_ = 0;
  int depth_ = 0;
};

}  // namespace

Result<std::vector<GoNode>> ParseGoTemplate(std::string_view text, int depth_max) {
  LOCKSTEP_ASSIGN_OR_RETURN(const std::vector<GoPiece> pieces, LexGoTemplate(text));
  return Parser(text, depth_max, pieces).Parse();
}

}  // namespace lockstep
