#include "operators/convert/go_template.h"

#include <algorithm>
#include <deque>

#include "operators/api/did_you_mean.h"
#include "operators/convert/go_template_lexer.h"
#include "operators/convert/go_template_tree.h"

namespace lockstep {
namespace {

bool IsScalar(const Json& value) {
  return value.is_string() || value.is_boolean() || value.is_number_integer();
}

// What Go counts as true: not false, 0, "", nil or an empty list.
bool IsTrue(const Json& value) {
  if (value.is_boolean()) return value.get<bool>();
  if (value.is_number()) return value != 0;
  if (value.is_string()) return !value.get_ref<const std::string&>().empty();
  return value.is_object() || (value.is_array() && !value.empty());
}

std::string TextOf(const Json& scalar) {
  return scalar.is_string() ? scalar.get<std::string>() : scalar.dump();
}

using Arguments = std::vector<const Json*>;

class Renderer {
 public:
  Renderer(std::string_view text, const Json& data, const GoTemplateOptions& options)
      : source_(text), data_(data), options_(options) {}

  Result<RenderedGoTemplate> Render(const std::vector<GoNode>& nodes) {
    rendered_.lines = {1};
    LOCKSTEP_RETURN_IF_ERROR(RenderList(nodes, data_));
    return std::move(rendered_);
  }

 private:
  Status Error(std::size_t offset, std::string_view what) const {
    return GoTemplateError(source_, offset, what);
  }

  Status RenderList(const std::vector<GoNode>& nodes, const Json& dot) {
    for (const GoNode& node : nodes) {
      if (++steps_ > options_.steps_max) {
        return Error(node.offset, "the template does more than " +
                                      std::to_string(options_.steps_max) + " steps");
      }
      LOCKSTEP_RETURN_IF_ERROR(RenderNode(node, dot));
    }
    return OkStatus();
  }

  Status RenderNode(const GoNode& node, const Json& dot) {
    if (node.kind == GoNode::Kind::kText) return Append(node.offset, node.text, true);
    LOCKSTEP_ASSIGN_OR_RETURN(const Json* const value, Evaluate(node.pipeline, dot));
    if (node.kind == GoNode::Kind::kAction) {
      if (IsScalar(*value)) return Append(node.offset, TextOf(*value), false);
      return Error(node.offset, value->is_array() ? "a list cannot be printed: use {{range}}"
                                                  : "a struct cannot be printed: name a field");
    }
    if (node.kind == GoNode::Kind::kRange && !value->is_array()) {
      return Error(node.offset, "{{range}} goes over lists only");
    }
    LOCKSTEP_RETURN_IF_ERROR(CheckKnown(node.offset, "{{if}} or {{with}}", *value));
    if (!IsTrue(*value)) return RenderList(node.otherwise, dot);
    if (node.kind != GoNode::Kind::kRange) {
      return RenderList(node.body, node.kind == GoNode::Kind::kWith ? *value : dot);
    }
    for (const Json& element : *value) LOCKSTEP_RETURN_IF_ERROR(RenderList(node.body, element));
    return OkStatus();
  }

  // `literal`: text of the template, whose lines count on. What a value brings in belongs to the
  // action's own line.
  Status Append(std::size_t offset, std::string_view text, bool literal) {
    LOCKSTEP_RETURN_IF_ERROR(CountBytes(offset, text.size()));
    int line = LineOf(offset);
    if (rendered_.text.empty() || rendered_.text.back() == '\n') rendered_.lines.back() = line;
    for (const char c : text) {
      rendered_.text += c;
      if (c == '\n') rendered_.lines.push_back(literal ? ++line : line);
    }
    return OkStatus();
  }

  Status CountBytes(std::size_t offset, std::size_t bytes) {
    bytes_ += bytes;
    return bytes_ <= options_.bytes_max
               ? OkStatus()
               : Error(offset, "the template makes more than " +
                                   std::to_string(options_.bytes_max) + " bytes");
  }

  int LineOf(std::size_t offset) {
    if (line_ends_.empty()) {
      for (std::size_t i = 0; i < source_.size(); ++i) {
        if (source_[i] == '\n') line_ends_.push_back(i);
      }
      line_ends_.push_back(source_.size());
    }
    const auto end = std::lower_bound(line_ends_.begin(), line_ends_.end(), offset);
    return static_cast<int>(end - line_ends_.begin()) + 1;
  }

  // Nothing is decided by a value that nobody knows yet.
  Status CheckKnown(std::size_t offset, std::string_view decides, const Json& value) const {
    const bool unknown =
        !options_.unknown.empty() && value.is_string() &&
        value.get_ref<const std::string&>().find(options_.unknown) != std::string::npos;
    if (!unknown) return OkStatus();
    return Error(offset, std::string(decides) + " depends on " + value.get<std::string>() +
                             ", which is known only when a trial starts");
  }

  Result<const Json*> Keep(std::size_t offset, Json value) {
    LOCKSTEP_RETURN_IF_ERROR(
        CountBytes(offset, value.is_string() ? value.get_ref<const std::string&>().size() : 1));
    return &made_.emplace_back(std::move(value));
  }

  Result<const Json*> Evaluate(const GoPipeline& pipeline, const Json& dot) {
    const Json* value = nullptr;
    for (const GoCommand& command : pipeline) {
      Arguments arguments;
      for (const GoOperand& operand : command.arguments) {
        LOCKSTEP_ASSIGN_OR_RETURN(const Json* const argument, Operand(operand, dot));
        arguments.push_back(argument);
      }
      if (value != nullptr) arguments.push_back(value);
      if (command.function.empty()) {
        value = arguments.front();
      } else {
        LOCKSTEP_ASSIGN_OR_RETURN(value, Call(command, arguments));
      }
    }
    return value;
  }

  Result<const Json*> Operand(const GoOperand& operand, const Json& dot) {
    switch (operand.kind) {
      case GoOperand::Kind::kString: return Keep(operand.offset, operand.text);
      case GoOperand::Kind::kInteger: return Keep(operand.offset, operand.integer);
      case GoOperand::Kind::kBoolean: return Keep(operand.offset, operand.boolean);
      case GoOperand::Kind::kGroup: return Evaluate(operand.group, dot);
      case GoOperand::Kind::kField: break;
    }
    const Json* value = operand.from_root ? &data_ : &dot;
    for (const std::string& name : operand.path) {
      const auto field = value->is_object() ? value->find(name) : value->end();
      if (field == value->end()) return NoField(operand, name, *value);
      value = &*field;
    }
    return value;
  }

  Status NoField(const GoOperand& operand, const std::string& name, const Json& value) const {
    if (!value.is_object()) {
      return Error(operand.offset, operand.spelling + ": there is no field " + name +
                                       " in a list or a text: in {{range}} and {{with}} the dot "
                                       "is their value, $ is the outermost one");
    }
    std::vector<std::string_view> known;
    std::string list;
    for (const auto& item : value.items()) {
      known.push_back(item.key());
      list += (list.empty() ? "." : ", .") + item.key();
    }
    return Error(operand.offset, operand.spelling + ": there is no field " + name +
                                     DidYouMean(name, known) + ": here are " + list);
  }

  Result<const Json*> Call(const GoCommand& command, const Arguments& arguments) {
    if (command.function == "printf") return Printf(command, arguments);
    const bool is_not = command.function == "not";
    const bool counted = is_not                     ? arguments.size() == 1
                         : command.function == "ne" ? arguments.size() == 2
                                                    : arguments.size() >= 2;
    if (!counted) return Error(command.offset, command.function + ": wrong number of arguments");
    for (const Json* const argument : arguments) {
      LOCKSTEP_RETURN_IF_ERROR(CheckKnown(command.offset, command.function, *argument));
    }
    if (is_not) return Keep(command.offset, !IsTrue(*arguments.front()));
    bool equal = false;
    for (std::size_t i = 1; i < arguments.size(); ++i) {
      const Json& left = *arguments[0];
      const Json& right = *arguments[i];
      const bool comparable = IsScalar(left) && IsScalar(right) &&
                              left.is_string() == right.is_string() &&
                              left.is_boolean() == right.is_boolean();
      if (!comparable) {
        return Error(command.offset, command.function + ": the types differ, or are no scalars");
      }
      equal = equal || left == right;
    }
    return Keep(command.offset, command.function == "eq" ? equal : !equal);
  }

  Result<const Json*> Printf(const GoCommand& command, const Arguments& arguments) {
    if (arguments.empty() || !arguments.front()->is_string()) {
      return Error(command.offset, "printf: the first argument must be a format");
    }
    LOCKSTEP_RETURN_IF_ERROR(CheckKnown(command.offset, "printf's format", *arguments.front()));
    const std::string& format = arguments.front()->get_ref<const std::string&>();
    std::string text;
    std::size_t next = 1;
    for (std::size_t i = 0; i < format.size(); ++i) {
      if (format[i] != '%') {
        text += format[i];
        continue;
      }
      const std::string verb = format.substr(i++, 2);
      if (verb == "%%") {
        text += '%';
        continue;
      }
      if (verb != "%s" && verb != "%d" && verb != "%v" && verb != "%q") {
        return Error(command.offset,
                     "printf: \"" + verb + "\" is not supported: use %s, %d, %v, " + "%q or %%");
      }
      if (next == arguments.size()) {
        return Error(command.offset, "printf: there is no argument for " + verb);
      }
      LOCKSTEP_RETURN_IF_ERROR(Format(command, verb, *arguments[next++], text));
      LOCKSTEP_RETURN_IF_ERROR(CountBytes(command.offset, text.size()));
    }
    if (next < arguments.size()) return Error(command.offset, "printf: an argument too many");
    return Keep(command.offset, std::move(text));
  }

  Status Format(const GoCommand& command, const std::string& verb, const Json& value,
                std::string& text) const {
    const bool fits = verb == "%d"   ? value.is_number_integer()
                      : verb == "%v" ? IsScalar(value)
                                     : value.is_string();
    if (!fits) {
      const bool parameter = verb == "%d" && value.is_string();
      return Error(command.offset, "printf: " + verb + " does not fit its argument" +
                                       (parameter ? ", which is text: use %s" : ""));
    }
    // Go quotes what JSON quotes in the same way, but for control characters, which YAML refuses.
    text +=
        verb == "%q" ? value.dump(-1, ' ', false, Json::error_handler_t::replace) : TextOf(value);
    return OkStatus();
  }

  std::string_view source_;
  const Json& data_;
  const GoTemplateOptions& options_;
  RenderedGoTemplate rendered_;
  std::deque<Json> made_;  // values that stand nowhere in the data
  std::vector<std::size_t> line_ends_;
  std::size_t bytes_ = 0;
  int steps_ = 0;
};

}  // namespace

Result<RenderedGoTemplate> RenderGoTemplate(std::string_view text, const Json& data,
                                            const GoTemplateOptions& options) {
  LOCKSTEP_ASSIGN_OR_RETURN(const std::vector<GoNode> nodes,
                            ParseGoTemplate(text, options.depth_max));
  return Renderer(text, data, options).Render(nodes);
}

}  // namespace lockstep
