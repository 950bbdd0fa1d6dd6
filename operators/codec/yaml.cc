// YAML text -> Documents, from yaml-cpp's events (its own tree loses quotes and positions).
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <istream>
#include <map>
#include <streambuf>
#include <utility>

#include "operators/codec/node.h"
#include "operators/codec/scalar.h"

namespace lockstep {
namespace {

Position PositionOf(const YAML::Mark& mark) { return {mark.line + 1, mark.column + 1}; }

// yaml-cpp 0.7 gives the escapes \N and \_ (U+0085, U+00A0) as single bytes, which are no UTF-8;
// whatever else is in a value is.
std::string InUtf8(const std::string& value) {
  if (value.find_first_of("\x85\xA0") == std::string::npos) return value;
  std::string text;
  for (std::size_t i = 0; i < value.size();) {
    const auto first = static_cast<unsigned char>(value[i]);
    if (first == 0x85 || first == 0xA0) text += '\xC2';
    const std::size_t bytes = first < 0xC0 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    text.append(value, i, bytes);
    i += bytes;
  }
  return text;
}

// "int" for tag:yaml.org,2002:int (`!!int`); other tags stay as they are.
std::string_view TagName(std::string_view tag) {
  constexpr std::string_view kPrefix = "tag:yaml.org,2002:";
  return tag.substr(0, kPrefix.size()) == kPrefix ? tag.substr(kPrefix.size()) : tag;
}

// The lines of a text, for what the parser's events do not say.
class TextLines {
 public:
  explicit TextLines(std::string_view text) : text_(text) {
    begins_.push_back(0);
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '\n') begins_.push_back(i + 1);
    }
  }

  // The parser goes on past the end in search of what is missing, such as the digits of an escape.
  Position Inside(Position position) const {
    const std::size_t line = std::min(static_cast<std::size_t>(position.line), begins_.size());
    const auto end = static_cast<int>(Line(line - 1).size()) + 1;
    return {static_cast<int>(line), std::min(position.column, end)};
  }

  // The indentation of the literal block whose | stands at `mark`; -1: there is none (behind an
  // anchor it is not looked for), or it says its indentation itself.
  int BlockIndent(const YAML::Mark& mark) const {
    if (mark.line < 0 || mark.column < 0) return -1;
    const auto line = static_cast<std::size_t>(mark.line);
    const std::string_view header = Line(line);
    const auto column = static_cast<std::size_t>(mark.column);
    if (column >= header.size() || header[column] != '|') return -1;
    const std::string_view rest = header.substr(column + 1);
    if (rest.substr(0, rest.find(' ')).find_first_of("123456789") != rest.npos) return -1;
    for (std::size_t i = line + 1; i < begins_.size(); ++i) {
      const std::size_t indent = Line(i).find_first_not_of(" \r");
      if (indent != std::string_view::npos) return static_cast<int>(indent);
    }
    return -1;
  }

 private:
  std::string_view Line(std::size_t i) const {
    if (i >= begins_.size()) return {};
    const std::size_t end = i + 1 < begins_.size() ? begins_[i + 1] - 1 : text_.size();
    return text_.substr(begins_[i], end - begins_[i]);
  }

  std::string_view text_;
  std::vector<std::size_t> begins_;
};

class NodeBuilder : public YAML::EventHandler {
 public:
  NodeBuilder(const TextLines& lines, const CodecLimits& limits) : lines_(lines), limits_(limits) {}

  std::unique_ptr<Node> TakeRoot() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    // yaml-cpp 0.7 does not move past a stray ] or }: it would find empty documents for ever.
    if (mark.pos <= last_start_) throw YAML::ParserException(mark, "unexpected text");
    last_start_ = mark.pos;
    root_.reset();
    open_.clear();
    anchors_.clear();
    nodes_ = 0;
  }
  void OnDocumentEnd() override {}
  void OnAnchor(const YAML::Mark&, const std::string&) override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Add(mark, anchor, Node::Kind::kScalar);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto target = anchors_.find(anchor);
    if (target == anchors_.end()) throw YAML::ParserException(mark, "unknown alias");
    if (!target->second->complete) {
      throw YAML::ParserException(mark, "the alias stands inside the value it repeats");
    }
    Add(mark, 0, Node::Kind::kAlias).target = target->second;
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& parsed) override {
    const std::string value = InUtf8(parsed);
    Node& node = Add(mark, anchor, Node::Kind::kScalar);
    node.source = value;
    node.scalar = Resolve(mark, tag, value);
    if (value.find('\n') != std::string::npos) node.block_indent = lines_.BlockIndent(mark);
    node.plain = tag == "?";
    node.is_merge_key = node.plain && value == "<<";
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    Open(mark, tag, "seq", anchor, Node::Kind::kSequence);
  }
  void OnSequenceEnd() override { Close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    Open(mark, tag, "map", anchor, Node::Kind::kMap);
  }
  void OnMapEnd() override { Close(); }

 private:
  static Json Resolve(const YAML::Mark& mark, const std::string& tag, const std::string& value) {
    const std::string_view name = TagName(tag);
    if (name == "?" || name.empty()) return ResolvePlainScalar(value);
    if (name == "!" || name == "str") return value;
    Json resolved = ResolvePlainScalar(value);
    const bool fits = (name == "int" && resolved.is_number_integer()) ||
                      (name == "float" && resolved.is_number()) ||
                      (name == "bool" && resolved.is_boolean()) ||
                      (name == "null" && resolved.is_null());
    if (!fits) throw YAML::ParserException(mark, "the tag " + tag + " does not fit this value");
    return resolved;
  }

  Node& Add(const YAML::Mark& mark, YAML::anchor_t anchor, Node::Kind kind) {
    if (++nodes_ > limits_.nodes_max) {
      throw YAML::ParserException(mark,
                                  "more than " + std::to_string(limits_.nodes_max) + " values");
    }
    auto node = std::make_unique<Node>();
    node->kind = kind;
    node->position = PositionOf(mark);
    Node& added = *node;
    if (anchor != 0) anchors_[anchor] = &added;
    if (open_.empty()) {
      root_ = std::move(node);
    } else {
      open_.back()->children.push_back(std::move(node));
    }
    return added;
  }

  void Open(const YAML::Mark& mark, const std::string& tag, const char* kind, YAML::anchor_t anchor,
            Node::Kind node_kind) {
    if (tag != "?" && tag != "!" && !tag.empty() && TagName(tag) != kind) {
      throw YAML::ParserException(mark, "the tag " + tag + " is not supported");
    }
    if (static_cast<int>(open_.size()) >= limits_.depth_max) {
      throw YAML::ParserException(mark, "nested deeper than " + std::to_string(limits_.depth_max));
    }
    Node& node = Add(mark, anchor, node_kind);
    node.complete = false;
    open_.push_back(&node);
  }

  void Close() {
    open_.back()->complete = true;
    open_.pop_back();
  }

  const TextLines& lines_;
  CodecLimits limits_;
  std::unique_ptr<Node> root_;
  std::vector<Node*> open_;
  std::map<YAML::anchor_t, const Node*> anchors_;
  std::size_t nodes_ = 0;
  int last_start_ = -1;
};

// A stream over text that is not copied.
class TextBuffer : public std::streambuf {
 public:
  explicit TextBuffer(std::string_view text) {
    char* const begin = const_cast<char*>(text.data());  // only read: there is no put area
    setg(begin, begin, begin + text.size());
  }
};

Status ParseDocuments(std::string_view text, std::string_view file, const CodecLimits& limits,
                      std::vector<Document>& documents) {
  TextBuffer buffer(text);
  std::istream stream(&buffer);
  const TextLines lines(text);
  YAML::Parser parser(stream);
  NodeBuilder builder(lines, limits);
  while (parser.HandleNextDocument(builder)) {
    const std::unique_ptr<Node> root = builder.TakeRoot();
    if (root == nullptr || (root->kind == Node::Kind::kScalar && root->scalar.is_null())) continue;
    LOCKSTEP_ASSIGN_OR_RETURN(Document document, ComposeDocument(*root, file, limits));
    documents.push_back(std::move(document));
  }
  return OkStatus();
}

}  // namespace

Result<std::vector<Document>> ParseYaml(std::string_view text, std::string_view file,
                                        const CodecLimits& limits) {
  LOCKSTEP_RETURN_IF_ERROR(CheckText(text, file, limits));
  std::vector<Document> documents;
  try {
    LOCKSTEP_RETURN_IF_ERROR(ParseDocuments(text, file, limits, documents));
  } catch (const YAML::Exception& error) {
    // The parser's words for a line that is indented like nothing above it.
    const bool misplaced = error.msg.starts_with("illegal map value");
    return DocumentError(file, TextLines(text).Inside(PositionOf(error.mark)),
                         misplaced ? "a key cannot stand here: indent it as its neighbours, with "
                                     "spaces and no tabs, below a key that has no value of its own"
                                   : error.msg);
  } catch (const std::exception& error) {
    return InvalidArgument(std::string(file) + ": cannot be read as YAML: " + error.what());
  }
  return documents;
}

}  // namespace lockstep
