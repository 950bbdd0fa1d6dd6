#include "cli/json_path.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <utility>

namespace lockstep {
namespace {

constexpr std::size_t kStepsMax = 100;
constexpr int kFilterDepthMax = 8;

enum class Operator : std::uint8_t {
  kExists,
  kEqual,
  kNotEqual,
  kLess,
  kLessEqual,
  kMore,
  kMoreEqual
};

// One of [key], [n] or [a:b:c].
struct Subscript {
  std::optional<std::string> key;
  bool is_slice = false;
  std::optional<std::int64_t> begin;  // or the index
  std::optional<std::int64_t> end;
  std::int64_t step = 1;
};

std::optional<double> NumberOf(const Json& value) {
  if (value.is_number()) return value.get<double>();
  if (!value.is_string()) return std::nullopt;
  const auto& text = value.get_ref<const std::string&>();
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

template <class T>
bool Holds(const T& a, Operator op, const T& b) {
  switch (op) {
    case Operator::kEqual: return a == b;
    case Operator::kNotEqual: return a != b;
    case Operator::kLess: return a < b;
    case Operator::kLessEqual: return a <= b;
    case Operator::kMore: return a > b;
    case Operator::kMoreEqual: return a >= b;
    case Operator::kExists: return true;
  }
  return false;
}

bool Compare(const Json& a, Operator op, const Json& b) {
  if (a.is_number() || b.is_number()) {
    const std::optional<double> left = NumberOf(a);
    const std::optional<double> right = NumberOf(b);
    if (left && right) return Holds(*left, op, *right);
  }
  if (a.is_string() && b.is_string()) {
    return Holds(a.get_ref<const std::string&>(), op, b.get_ref<const std::string&>());
  }
  if (op == Operator::kEqual) return a == b;
  return op == Operator::kNotEqual && a != b;
}

bool EndsName(char c) { return c == '.' || c == '[' || c == ']' || c == ' ' || c == '\t'; }

}  // namespace

struct JsonPath::Step {
  enum class Kind : std::uint8_t { kField, kSubscripts, kAll, kDescendants, kFilter };
  Kind kind = Kind::kField;
  std::string field;
  std::vector<Subscript> subscripts;
  std::shared_ptr<const Filter> filter;
};

struct JsonPath::Operand {
  std::optional<JsonPath> path;
  Json literal;
};

struct JsonPath::Filter {
  Operand left;
  Operator op = Operator::kExists;
  Operand right;
};

class JsonPath::Parser {
 public:
  Parser(std::string_view text, std::size_t column_before, int depth)
      : text_(text), column_before_(column_before), depth_(depth) {}

  Result<JsonPath> Parse() {
    JsonPath path;
    if (depth_ > kFilterDepthMax) return Wrong("too many filters within filters");
    if (At('$') || At('@')) path.from_root_ = text_[at_++] == '$';
    auto steps = std::make_shared<std::vector<Step>>();
    if (text_ == ".") at_ = 1;  // all of it
    if (at_ == 0 && !text_.empty() && !At('.') && !At('[')) {
      LOCKSTEP_RETURN_IF_ERROR(ParseField(*steps));
    }
    while (at_ < text_.size()) {
      if (steps->size() > kStepsMax) return Wrong("too long a path");
      if (At('[')) {
        LOCKSTEP_RETURN_IF_ERROR(ParseBracket(*steps));
      } else if (At('.')) {
        LOCKSTEP_RETURN_IF_ERROR(ParsePoint(*steps));
      } else {
        return Wrong("'" + std::string(1, text_[at_]) + "' is not known here");
      }
    }
    path.steps_ = std::move(steps);
    return path;
  }

 private:
  bool At(char c) const { return at_ < text_.size() && text_[at_] == c; }
  Status Wrong(const std::string& why) const {
    return InvalidArgument("JSONPath '" + std::string(text_) + "', column " +
                           std::to_string(column_before_ + at_ + 1) + ": " + why);
  }

  Status ParsePoint(std::vector<Step>& steps) {
    ++at_;
    if (At('.')) {
      ++at_;
      steps.push_back({Step::Kind::kDescendants, {}, {}, {}});
      if (At('[')) return OkStatus();
    }
    return ParseField(steps);
  }

  Status ParseField(std::vector<Step>& steps) {
    if (At('*')) {
      ++at_;
      steps.push_back({Step::Kind::kAll, {}, {}, {}});
      return OkStatus();
    }
    std::string name;
    for (; at_ < text_.size() && !EndsName(text_[at_]); ++at_) {
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
      const std::string_view strange = "(){}\"'?*,";
      if ((at_ == 0 || text_[at_ - 1] != '\\') && strange.find(text_[at_]) != strange.npos) {
        return Wrong("'" + std::string(1, text_[at_]) + "' is not known in a field's name");
      }
      name += text_[at_];
    }
    if (name.empty()) return Wrong("the name of a field is missing");
    steps.push_back({Step::Kind::kField, std::move(name), {}, {}});
    return OkStatus();
  }

  // The end of the bracket that begins at at_: what is in quotes or in brackets of its own does not
  // count. npos: there is none.
  std::size_t FindClose() const {
    char quote = 0;
    int open = 0;
    for (std::size_t i = at_; i < text_.size(); ++i) {
      const char c = text_[i];
      if (c == '\\') {
        ++i;
      } else if (quote != 0) {
        if (c == quote) quote = 0;
      } else if (c == '\'' || c == '"') {
        quote = c;
      } else if (c == '[') {
        ++open;
      } else if (c == ']' && --open == 0) {
        return i;
      }
    }
    return std::string_view::npos;
  }

  Status ParseBracket(std::vector<Step>& steps) {
    const std::size_t close = FindClose();
    if (close == text_.npos) return Wrong("this [ is not closed");
    ++at_;
    if (text_.substr(at_, close - at_) == "*") {
      steps.push_back({Step::Kind::kAll, {}, {}, {}});
    } else if (At('?')) {
      Step step{Step::Kind::kFilter, {}, {}, {}};
      LOCKSTEP_ASSIGN_OR_RETURN(step.filter, ParseFilter(close));
      steps.push_back(std::move(step));
    } else {
      Step step{Step::Kind::kSubscripts, {}, {}, {}};
      for (;;) {
        LOCKSTEP_ASSIGN_OR_RETURN(Subscript subscript, ParseSubscript(close));
        step.subscripts.push_back(std::move(subscript));
        if (at_ == close) break;
        if (!At(',')) return Wrong("only a comma may follow an element of [...]");
        ++at_;
      }
      steps.push_back(std::move(step));
    }
    at_ = close + 1;
    return OkStatus();
  }

  void SkipSpaces() {
    while (At(' ') || At('\t')) ++at_;
  }

  Result<std::string> ParseQuoted(std::size_t end) {
    const char quote = text_[at_++];
    std::string value;
    for (; at_ < end; ++at_) {
      if (text_[at_] == quote) {
        ++at_;
        return value;
      }
      if (text_[at_] == '\\' && at_ + 1 < end) ++at_;
      value += text_[at_];
    }
    return Wrong("a quote is not closed");
  }

  Result<std::optional<std::int64_t>> ParseInteger(std::size_t end) {
    SkipSpaces();
    std::int64_t value = 0;
    const char* begin = text_.data() + at_;
    const auto [stop, error] = std::from_chars(begin, text_.data() + end, value);
    if (error == std::errc::result_out_of_range) return Wrong("the number is too large");
    if (error != std::errc()) return std::optional<std::int64_t>();
    at_ += static_cast<std::size_t>(stop - begin);
    SkipSpaces();
    return std::optional<std::int64_t>(value);
  }

  Result<Subscript> ParseSubscript(std::size_t end) {
    Subscript subscript;
    SkipSpaces();
    if (At('\'') || At('"')) {
      LOCKSTEP_ASSIGN_OR_RETURN(subscript.key, ParseQuoted(end));
      SkipSpaces();
      return subscript;
    }
    LOCKSTEP_ASSIGN_OR_RETURN(subscript.begin, ParseInteger(end));
    if (At(':')) {
      subscript.is_slice = true;
      ++at_;
      LOCKSTEP_ASSIGN_OR_RETURN(subscript.end, ParseInteger(end));
      if (At(':')) {
        ++at_;
        LOCKSTEP_ASSIGN_OR_RETURN(const std::optional<std::int64_t> step, ParseInteger(end));
        subscript.step = step.value_or(1);
      }
      if (subscript.step < 1) return Wrong("the step of a range must be 1 or more");
    } else if (!subscript.begin) {
      return Wrong("in [...] a number, a range a:b, *, a key in quotes or ?(...) is known");
    }
    return subscript;
  }

  // "?(LEFT OP RIGHT)" up to `close`.
  Result<std::shared_ptr<const Filter>> ParseFilter(std::size_t close) {
    ++at_;
    if (!At('(') || text_[close - 1] != ')') return Wrong("a filter is written ?(...)");
    ++at_;
    const std::size_t end = close - 1;
    auto filter = std::make_shared<Filter>();
    LOCKSTEP_ASSIGN_OR_RETURN(filter->left, ParseOperand(end));
    if (at_ < end) {
      LOCKSTEP_ASSIGN_OR_RETURN(filter->op, ParseOperator());
      LOCKSTEP_ASSIGN_OR_RETURN(filter->right, ParseOperand(end));
    }
    if (at_ < end) return Wrong("the filter ends before this: one comparison is known");
    return std::shared_ptr<const Filter>(std::move(filter));
  }

  Result<Operator> ParseOperator() {
    constexpr std::pair<std::string_view, Operator> kOperators[] = {
        {"==", Operator::kEqual},     {"!=", Operator::kNotEqual}, {"<=", Operator::kLessEqual},
        {">=", Operator::kMoreEqual}, {"<", Operator::kLess},      {">", Operator::kMore}};
    for (const auto& [name, op] : kOperators) {
      if (!text_.substr(at_).starts_with(name)) continue;
      at_ += name.size();
      return op;
    }
    return Wrong("a comparison is one of == != < > <= >=");
  }

  Result<Operand> ParseOperand(std::size_t end) {
    Operand operand;
    SkipSpaces();
    if (At('\'') || At('"')) {
      LOCKSTEP_ASSIGN_OR_RETURN(std::string text, ParseQuoted(end));
      operand.literal = std::move(text);
    } else {
      const std::size_t stop = EndOutsideBrackets(text_.substr(0, end), at_, " \t=!<>");
      const std::string_view word = text_.substr(at_, stop - at_);
      if (word.starts_with('@') || word.starts_with('$') || word.starts_with('.')) {
        LOCKSTEP_ASSIGN_OR_RETURN(operand.path,
                                  Parser(word, column_before_ + at_, depth_ + 1).Parse());
      } else {
        operand.literal = Json::parse(word, nullptr, /*allow_exceptions=*/false);
        if (!operand.literal.is_primitive()) {  // is_discarded is none either
          return Wrong("a filter compares @.PATH, a text in quotes, a number, true or false");
        }
      }
      at_ = stop;
    }
    SkipSpaces();
    return operand;
  }

  const std::string_view text_;
  const std::size_t column_before_;
  const int depth_;
  std::size_t at_ = 0;
};

class JsonPath::Search {
 public:
  Search(const Json& root, std::int64_t& visits_left) : root_(root), visits_left_(visits_left) {}

  using Values = std::vector<const Json*>;

  Values Find(const JsonPath& path, const Json& current) {
    Values values = {path.from_root_ ? &root_ : &current};
    for (const Step& step : *path.steps_) {
      Values next;
      for (const Json* value : values) {
        if (!Visit()) return {};
        Take(step, *value, next);
      }
      values = std::move(next);
    }
    return values;
  }

 private:
  bool Visit() { return --visits_left_ >= 0; }
  void Add(const Json& value, Values& values) {
    if (Visit()) values.push_back(&value);
  }

  void Take(const Step& step, const Json& value, Values& values) {
    switch (step.kind) {
      case Step::Kind::kField: return TakeKey(step.field, value, values);
      case Step::Kind::kSubscripts:
        for (const Subscript& subscript : step.subscripts) TakeSubscript(subscript, value, values);
        return;
      case Step::Kind::kAll:
        if (!value.is_structured()) return;
        for (const Json& element : value) Add(element, values);
        return;
      case Step::Kind::kDescendants: return TakeDescendants(value, values);
      case Step::Kind::kFilter:
        if (!value.is_array()) return;
        for (const Json& element : value) {
          if (Passes(*step.filter, element)) Add(element, values);
        }
        return;
    }
  }

  void TakeKey(const std::string& key, const Json& value, Values& values) {
    if (!value.is_object()) return;
    if (const auto found = value.find(key); found != value.end()) Add(*found, values);
  }

  void TakeSubscript(const Subscript& subscript, const Json& value, Values& values) {
    if (subscript.key) return TakeKey(*subscript.key, value, values);
    if (!value.is_array()) return;
    const auto size = static_cast<std::int64_t>(value.size());
    const auto place = [&](std::int64_t index) {
      return std::clamp<std::int64_t>(index < 0 ? std::max(index, -size - 1) + size : index, -1,
                                      size);
    };
    if (!subscript.is_slice) {
      const std::int64_t index = place(*subscript.begin);
      if (index >= 0 && index < size) Add(value[static_cast<std::size_t>(index)], values);
      return;
    }
    const std::int64_t end = place(subscript.end.value_or(size));
    std::int64_t i = std::max<std::int64_t>(place(subscript.begin.value_or(0)), 0);
    for (; i < end; i += std::min(subscript.step, size + 1)) {
      Add(value[static_cast<std::size_t>(i)], values);
    }
  }

  // The value itself and everything in it, in the order it is written.
  void TakeDescendants(const Json& value, Values& values) {
    Values open = {&value};
    while (!open.empty() && Visit()) {
      const Json* next = open.back();
      open.pop_back();
      Add(*next, values);
      if (!next->is_structured()) continue;
      const std::size_t before = open.size();
      for (const Json& element : *next) open.push_back(&element);
      std::reverse(open.begin() + static_cast<std::ptrdiff_t>(before), open.end());
    }
  }

  Values Evaluate(const Operand& operand, const Json& current) {
    return operand.path ? Find(*operand.path, current) : Values{&operand.literal};
  }

  bool Passes(const Filter& filter, const Json& element) {
    const Values left = Evaluate(filter.left, element);
    if (filter.op == Operator::kExists) return !left.empty();
    const Values right = Evaluate(filter.right, element);
    for (const Json* a : left) {
      for (const Json* b : right) {
        if (Visit() && Compare(*a, filter.op, *b)) return true;
      }
    }
    return false;
  }

  const Json& root_;
  std::int64_t& visits_left_;
};

Result<JsonPath> JsonPath::Parse(std::string_view text, std::size_t column_before) {
  return Parser(text, column_before, 0).Parse();
}

Result<std::vector<const Json*>> JsonPath::Find(const Json& root) const {
  std::int64_t visits_left = kVisitsMax;
  return Find(root, root, visits_left);
}

Result<std::vector<const Json*>> JsonPath::Find(const Json& root, const Json& current,
                                                std::int64_t& visits_left) const {
  std::vector<const Json*> found = Search(root, visits_left).Find(*this, current);
  if (visits_left < 0) return InvalidArgument("the JSONPath selects too much: narrow it down");
  return found;
}

std::string JsonText(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::size_t EndOutsideBrackets(std::string_view text, std::size_t begin, std::string_view ends) {
  int open = 0;
  char quote = 0;
  for (std::size_t i = begin; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\\') {
      ++i;
    } else if (quote != 0) {
      if (c == quote) quote = 0;
    } else if (open > 0 && (c == '\'' || c == '"')) {
      quote = c;
    } else if (c == '[') {
      ++open;
    } else if (c == ']') {
      --open;
    } else if (open <= 0 && ends.find(c) != std::string_view::npos) {
      return i;
    }
  }
  return text.size();
}

}  // namespace lockstep
