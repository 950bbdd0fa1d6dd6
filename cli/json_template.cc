#include "cli/json_template.h"

#include <optional>

namespace lockstep {
namespace {

constexpr std::size_t kRangeDepthMax = 8;
constexpr std::size_t kTextBytesMax = std::size_t{256} << 20;

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

}  // namespace

struct JsonTemplate::Node {
  std::string text;              // when there is no path
  std::optional<JsonPath> path;  // its values, or of a range
  bool is_range = false;
  std::vector<Node> body;
};

struct JsonTemplate::Output {
  const Json& root;
  std::string text;
  std::int64_t visits_left;
};

class JsonTemplate::Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Result<std::vector<Node>> Parse() {
    while (at_ < text_.size()) {
      if (text_[at_] != '{') {
        const std::size_t end = std::min(text_.find('{', at_), text_.size());
        Add({std::string(text_.substr(at_, end - at_)), {}, false, {}});
        at_ = end;
        continue;
      }
      ++at_;
      LOCKSTEP_RETURN_IF_ERROR(ParseAction());
    }
    if (open_.size() > 1) return Wrong("a {range ...} has no {end}");
    return std::move(open_.front().body);
  }

 private:
  Status Wrong(const std::string& why) const {
    return InvalidArgument("JSONPath template '" + std::string(text_) + "', column " +
                           std::to_string(at_ + 1) + ": " + why);
  }
  void Add(Node node) { open_.back().body.push_back(std::move(node)); }

  // What is between { and }: words with spaces between them.
  Status ParseAction() {
    bool any = false;
    for (bool range = false;; any = true) {
      while (at_ < text_.size() && IsSpace(text_[at_])) ++at_;
      if (at_ == text_.size()) return Wrong("a { is not closed");
      if (text_[at_] == '}') {
        if (range) return Wrong("what {range ...} goes over is missing");
        if (!any) return Wrong("{} selects nothing; {.} is all of it");
        ++at_;
        return OkStatus();
      }
      if (text_[at_] == '"' || text_[at_] == '\'') {
        LOCKSTEP_ASSIGN_OR_RETURN(std::string text, ParseQuoted());
        Add({std::move(text), {}, false, {}});
        continue;
      }
      const std::size_t begin = at_;
      const std::string_view word = TakeWord();
      if (word == "range") {
        range = true;
        continue;
      }
      LOCKSTEP_RETURN_IF_ERROR(AddWord(word, begin, range));
      range = false;
    }
  }

  Status AddWord(std::string_view word, std::size_t begin, bool range) {
    if (word == "end") {
      if (open_.size() == 1) return Wrong("{end} without a {range ...}");
      Node done = std::move(open_.back());
      open_.pop_back();
      Add(std::move(done));
      return OkStatus();
    }
    LOCKSTEP_ASSIGN_OR_RETURN(JsonPath path, JsonPath::Parse(word, begin));
    Node node{{}, std::move(path), range, {}};
    if (!range) {
      Add(std::move(node));
    } else if (open_.size() > kRangeDepthMax) {
      return Wrong("too many ranges within ranges");
    } else {
      open_.push_back(std::move(node));
    }
    return OkStatus();
  }

  // Up to a space or the closing brace; in brackets and quotes both are part of it.
  std::string_view TakeWord() {
    const std::size_t begin = at_;
    int open = 0;
    char quote = 0;
    for (; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (c == '\\' && at_ + 1 < text_.size()) {
        ++at_;
      } else if (quote != 0) {
        if (c == quote) quote = 0;
      } else if (c == '"' || c == '\'') {
        quote = c;
      } else if (c == '[') {
        ++open;
      } else if (c == ']') {
        --open;
      } else if (open <= 0 && (c == '}' || IsSpace(c))) {
        break;
      }
    }
    return text_.substr(begin, at_ - begin);
  }

  Result<std::string> ParseQuoted() {
    const char quote = text_[at_++];
    std::string value;
    for (; at_ < text_.size(); ++at_) {
      char c = text_[at_];
      if (c == quote) {
        ++at_;
        return value;
      }
      if (c == '\\' && at_ + 1 < text_.size()) {
        c = text_[++at_];
        if (c == 'n') c = '\n';
        if (c == 't') c = '\t';
        if (c == 'r') c = '\r';
      }
      value += c;
    }
    return Wrong("a quote is not closed");
  }

  const std::string_view text_;
  std::size_t at_ = 0;
  std::vector<Node> open_ = std::vector<Node>(1);  // the ranges around, the template itself first
};

Result<JsonTemplate> JsonTemplate::Parse(std::string_view text) {
  JsonTemplate parsed;
  if (text.find('{') == text.npos && (text.starts_with('.') || text.starts_with('$'))) {
    LOCKSTEP_ASSIGN_OR_RETURN(JsonPath path, JsonPath::Parse(text));
    parsed.nodes_ = std::make_shared<std::vector<Node>>(1, Node{{}, std::move(path), false, {}});
    return parsed;
  }
  LOCKSTEP_ASSIGN_OR_RETURN(std::vector<Node> nodes, Parser(text).Parse());
  parsed.nodes_ = std::make_shared<std::vector<Node>>(std::move(nodes));
  return parsed;
}

Status JsonTemplate::RenderInto(const std::vector<Node>& nodes, const Json& current,
                                Output& output) {
  for (const Node& node : nodes) {
    output.text += node.text;
    if (output.text.size() > kTextBytesMax || --output.visits_left < 0) {
      return InvalidArgument("the JSONPath template prints too much: narrow it down");
    }
    if (!node.path) continue;
    LOCKSTEP_ASSIGN_OR_RETURN(const std::vector<const Json*> values,
                              node.path->Find(output.root, current, output.visits_left));
    bool first = true;
    for (const Json* value : values) {
      if (node.is_range) {
        LOCKSTEP_RETURN_IF_ERROR(RenderInto(node.body, *value, output));
        continue;
      }
      output.text += (first ? "" : " ") + JsonText(*value);
      first = false;
    }
  }
  return OkStatus();
}

Result<std::string> JsonTemplate::Render(const Json& root) const {
  Output output{root, {}, JsonPath::kVisitsMax};
  LOCKSTEP_RETURN_IF_ERROR(RenderInto(*nodes_, root, output));
  return std::move(output.text);
}

}  // namespace lockstep
