// JSON text -> Document. nlohmann's events carry no positions: a counting iterator tells how far
// the parser has read.
#include <algorithm>
#include <limits>
#include <utility>

#include "operators/codec/node.h"

namespace lockstep {
namespace {

// An input iterator over `text` that shares its offset with all its copies.
class CountingIterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  CountingIterator(std::string_view text, std::size_t* offset) : text_(text), offset_(offset) {}

  reference operator*() const { return text_[*offset_]; }
  CountingIterator& operator++() {
    ++*offset_;
    return *this;
  }
  // Only ever compared with the end.
  friend bool operator==(const CountingIterator& a, const CountingIterator&) {
    return *a.offset_ >= a.text_.size();
  }
  friend bool operator!=(const CountingIterator& a, const CountingIterator& b) { return !(a == b); }

 private:
  std::string_view text_;
  std::size_t* offset_;
};

class NodeBuilder : public nlohmann::json_sax<Json> {
 public:
  NodeBuilder(std::string_view text, std::string_view file, const CodecLimits& limits,
              const std::size_t* offset)
      : text_(text), file_(file), limits_(limits), offset_(offset) {}

  const std::unique_ptr<Node>& root() const { return root_; }
  const Status& status() const { return status_; }

  bool null() override { return Scalar(nullptr); }
  bool boolean(bool value) override { return Scalar(value); }
  bool number_integer(number_integer_t value) override { return Scalar(value); }
  bool number_unsigned(number_unsigned_t value) override {
    return value <= static_cast<number_unsigned_t>(std::numeric_limits<number_integer_t>::max())
               ? Scalar(static_cast<number_integer_t>(value))
               : Scalar(value);
  }
  bool number_float(number_float_t value, const string_t&) override { return Scalar(value); }
  bool string(string_t& value) override { return Scalar(value); }
  bool key(string_t& value) override { return Scalar(value); }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override { return Open(Node::Kind::kMap); }
  bool start_array(std::size_t) override { return Open(Node::Kind::kSequence); }
  bool end_object() override { return Close(); }
  bool end_array() override { return Close(); }
  bool parse_error(std::size_t offset, const std::string&, const Json::exception& error) override {
    std::string what = error.what();  // "[json.exception.parse_error.101] parse error at ...: what"
    if (const std::size_t colon = what.find(": "); colon != std::string::npos) {
      what.erase(0, colon + 2);
    }
    return Fail(offset == 0 ? 0 : offset - 1, what);
  }

 private:
  bool Fail(std::size_t offset, std::string_view what) {
    status_ = DocumentError(file_, Advance(offset), what);
    return false;
  }

  // Positions are asked for in order, so that each byte is looked at once.
  Position Advance(std::size_t offset) {
    for (; counted_ < offset && counted_ < text_.size(); ++counted_) {
      position_ = text_[counted_] == '\n' ? Position{position_.line + 1, 1}
                                          : Position{position_.line, position_.column + 1};
    }
    return position_;
  }

  Node* Add(Node::Kind kind) {
    std::size_t begin = last_end_;
    begin = std::min(text_.find_first_not_of(" \t\r\n,:", begin), text_.size());
    last_end_ = *offset_;
    if (++nodes_ > limits_.nodes_max) {
      Fail(begin, "more than " + std::to_string(limits_.nodes_max) + " values");
      return nullptr;
    }
    auto node = std::make_unique<Node>();
    node->kind = kind;
    node->position = Advance(begin);
    std::string_view token = text_.substr(begin, last_end_ - begin);
    token = token.substr(0, token.find_last_not_of(" \t\r\n,:]}") + 1);
    node->source = std::string(token);
    Node* const added = node.get();
    if (open_.empty()) {
      root_ = std::move(node);
    } else {
      open_.back()->children.push_back(std::move(node));
    }
    return added;
  }

  bool Scalar(Json value) {
    Node* const node = Add(Node::Kind::kScalar);
    if (node == nullptr) return false;
    if (value.is_string()) node->source = value.get_ref<const std::string&>();
    node->scalar = std::move(value);
    return true;
  }

  bool Open(Node::Kind kind) {
    if (static_cast<int>(open_.size()) >= limits_.depth_max) {
      return Fail(*offset_ - 1, "nested deeper than " + std::to_string(limits_.depth_max));
    }
    Node* const node = Add(kind);
    if (node != nullptr) open_.push_back(node);
    return node != nullptr;
  }

  bool Close() {
    last_end_ = *offset_;
    open_.pop_back();
    return true;
  }

  std::string_view text_;
  std::string file_;
  CodecLimits limits_;
  const std::size_t* offset_;  // how far the parser has read
  std::size_t last_end_ = 0;   // where the last token ended
  std::size_t counted_ = 0;    // position_ is that of this byte
  Position position_{1, 1};
  std::size_t nodes_ = 0;
  std::unique_ptr<Node> root_;
  std::vector<Node*> open_;
  Status status_;
};

}  // namespace

Result<Document> ParseJson(std::string_view text, std::string_view file,
                           const CodecLimits& limits) {
  LOCKSTEP_RETURN_IF_ERROR(CheckText(text, file, limits));
  std::size_t offset = 0;
  NodeBuilder builder(text, file, limits, &offset);
  try {
    const CountingIterator begin(text, &offset);
    if (!Json::sax_parse(begin, begin, &builder)) return builder.status();
  } catch (const std::exception& error) {
    return InvalidArgument(std::string(file) + ": cannot be read as JSON: " + error.what());
  }
  return ComposeDocument(*builder.root(), file, limits);
}

}  // namespace lockstep
