#include "operators/convert/gjson_path.h"

#include <algorithm>

#include "operators/codec/json.h"

namespace lockstep {
namespace {

constexpr std::size_t kBytesMax = 4096;
constexpr int kDepthMax = 64;
constexpr std::size_t kIndexDigitsMax = 18;  // what an array can have, and a size_t can hold
constexpr std::size_t kNone = std::string_view::npos;

// All of gjson's; only `this` is ours. Any other word after an @ is the name of a key.
constexpr std::string_view kModifiers[] = {"this",    "pretty", "ugly", "reverse", "flatten",
                                           "join",    "valid",  "keys", "values",  "tostr",
                                           "fromstr", "group",  "dig"};

bool IsOneOf(char c, std::string_view set) { return set.find(c) != set.npos; }

// A part of the text that is read as a path of its own.
struct Span {
  std::size_t begin;
  std::size_t end;
  bool empty() const { return begin >= end; }
};

class GjsonParser {
 public:
  explicit GjsonParser(std::string_view text) : text_(text) {}

  Result<GjsonPath> Path(Span span, int depth) const {
    if (depth > kDepthMax) {
      return Error(span.begin, "paths are nested deeper than " + std::to_string(kDepthMax));
    }
    if (span.empty()) return Error(span.begin, "a key is missing");
    const std::string_view path = Text(span);
    if (path.starts_with("..")) return Error(span.begin, "JSON lines (..) are not supported");
    if (path.starts_with("{")) {
      return Error(span.begin, "{...} makes a new object, which is always there: select one");
    }
    if (path.starts_with("!")) {
      return Error(span.begin,
                   "a value (!...) stands in place of a path: select a part of the job");
    }
    if (path.starts_with("[")) return List(span, depth);
    if (!Modifier(span).empty()) return This(span, depth);
    return Parts(span, depth);
  }

 private:
  std::string_view Text(Span span) const { return text_.substr(span.begin, span.end - span.begin); }

  Status Error(std::size_t at, const std::string& what) const {
    return InvalidArgument("\"" + std::string(text_) + "\" at column " + std::to_string(at + 1) +
                           ": " + what);
  }

  Span Trimmed(Span span) const {
    const auto blank = [&](std::size_t at) { return static_cast<unsigned char>(text_[at]) <= ' '; };
    while (!span.empty() && blank(span.begin)) ++span.begin;
    while (!span.empty() && blank(span.end - 1)) --span.end;
    return span;
  }

  // Of a quoted text that begins at `at`: where its closing quote is, or the span's end.
  std::size_t ClosingQuote(std::size_t at, Span span) const {
    for (++at; at < span.end && text_[at] != '"'; ++at) {
      if (text_[at] == '\\') ++at;
    }
    return std::min(at, span.end);
  }

  // "@name" when `span` begins with a modifier.
  std::string_view Modifier(Span span) const {
    const std::string_view path = Text(span);
    if (!path.starts_with("@")) return {};
    const std::string_view name = path.substr(0, path.find_first_of(".|:"));
    return std::ranges::find(kModifiers, name.substr(1)) != std::end(kModifiers)
               ? name
               : std::string_view();
  }

  Result<GjsonPathPtr> Own(Span span, int depth) const {
    LOCKSTEP_ASSIGN_OR_RETURN(GjsonPath path, Path(span, depth + 1));
    return GjsonPathPtr(std::make_unique<GjsonPath>(std::move(path)));
  }

  // What follows a modifier or a list; null at the end.
  Result<GjsonPathPtr> Next(Span span, int depth) const {
    if (span.empty()) return GjsonPathPtr();
    if (!IsOneOf(text_[span.begin], ".|")) return Error(span.begin, "expected . or | or the end");
    return Own({span.begin + 1, span.end}, depth);
  }

  Result<GjsonPath> This(Span span, int depth) const {
    const std::string_view name = Modifier(span);
    if (name != "@this") {
      return Error(span.begin,
                   "the modifier " + std::string(name) + " is not supported: only @this is");
    }
    GjsonPath path;
    path.kind = GjsonPath::Kind::kThis;
    LOCKSTEP_ASSIGN_OR_RETURN(path.next, Next({span.begin + name.size(), span.end}, depth));
    return path;
  }

  // [path,path]
  Result<GjsonPath> List(Span span, int depth) const {
    GjsonPath path;
    path.kind = GjsonPath::Kind::kList;
    int open = 0;
    std::size_t item = span.begin + 1;
    for (std::size_t i = span.begin; i < span.end; ++i) {
      const char c = text_[i];
      if (c == '\\') {
        ++i;
      } else if (c == '"') {
        i = ClosingQuote(i, span);
      } else if (IsOneOf(c, "[({")) {
        ++open;
      } else if (IsOneOf(c, "])}")) {
        --open;
      } else if (c == ':' && open == 1) {
        return Error(i, "gjson reads name:path here: write \\: for a key that holds a colon");
      }
      if (open > 1 || (open == 1 && c != ',')) continue;
      if (item < i && text_[item] == ' ') {
        return Error(item, "gjson takes this blank for a part of the key: leave it out");
      }
      LOCKSTEP_ASSIGN_OR_RETURN(GjsonPath read, Path({item, i}, depth + 1));
      path.items.push_back(std::move(read));
      item = i + 1;
      if (open > 0) continue;
      LOCKSTEP_ASSIGN_OR_RETURN(path.next, Next({i + 1, span.end}, depth));
      return path;
    }
    return Error(span.begin, "the list of paths is not closed: write ]");
  }

  Result<GjsonPath> Parts(Span span, int depth) const {
    GjsonPath path;
    while (true) {
      GjsonPart& part = path.parts.emplace_back();
      LOCKSTEP_ASSIGN_OR_RETURN(const std::size_t stop, Part(span, depth, part));
      if (stop == span.end) return path;
      const Span after{stop + 1, span.end};
      if (text_[stop] == '.' && part.kind != GjsonPart::Kind::kKey) {
        LOCKSTEP_RETURN_IF_ERROR(Rest(after, depth, part));
        return path;
      }
      const bool piped = text_[stop] == '|' || !Modifier(after).empty() ||
                         (!after.empty() && IsOneOf(text_[after.begin], "[{"));
      if (piped) {
        LOCKSTEP_ASSIGN_OR_RETURN(path.next, Own(after, depth));
        return path;
      }
      span = after;
    }
  }

  // Reads the part at the beginning of `span`. Returns where the . or | after it stands.
  Result<std::size_t> Part(Span span, int depth, GjsonPart& part) const {
    if (span.empty() || text_[span.begin] != '#') return Key(span, part);
    std::size_t stop = span.begin + 1;
    part.key = "#";
    part.kind = GjsonPart::Kind::kCount;
    if (stop < span.end && IsOneOf(text_[stop], "([")) {
      LOCKSTEP_ASSIGN_OR_RETURN(stop, Query({stop, span.end}, depth, part));
    } else if (stop < span.end && text_[stop] == '.') {
      part.kind = GjsonPart::Kind::kEach;
    }
    if (stop < span.end && !IsOneOf(text_[stop], ".|")) {
      return Error(stop, "expected . or | or the end (\\# stands for a # in a key)");
    }
    return stop;
  }

  Result<std::size_t> Key(Span span, GjsonPart& part) const {
    std::size_t i = span.begin;
    bool digits = true;
    for (; i < span.end && !IsOneOf(text_[i], ".|"); ++i) {
      char c = text_[i];
      if (IsOneOf(c, "()[]{}\"")) {
        const std::string name(1, c);
        return Error(i, name + " is misplaced: write \\" + name + " when it belongs to a key");
      }
      digits = digits && c >= '0' && c <= '9';
      part.wild = part.wild || c == '*' || c == '?';
      if (c == '\\') {
        if (++i == span.end) return Error(i - 1, "\\ escapes nothing");
        c = text_[i];
      }
      part.key += c;
    }
    if (part.key.empty()) return Error(i, "a key is missing");
    if (digits && part.key.size() <= kIndexDigitsMax) part.index = std::stoull(part.key);
    return i;
  }

  // What goes on in each element of an array, and after a | with all of it together.
  Status Rest(Span span, int depth, GjsonPart& part) const {
    const std::size_t pipe = FirstPipe(span);
    LOCKSTEP_ASSIGN_OR_RETURN(part.rest, Own({span.begin, std::min(pipe, span.end)}, depth));
    if (pipe != kNone) {
      LOCKSTEP_ASSIGN_OR_RETURN(part.rest_pipe, Own({pipe + 1, span.end}, depth));
    }
    return OkStatus();
  }

  // The | where gjson cuts: it knows quotes and brackets in `.#(...)` alone, and looks past the one
  // character that follows any other `.#`.
  std::size_t FirstPipe(Span span) const {
    for (std::size_t i = span.begin; i < span.end; ++i) {
      if (text_[i] == '|') return i;
      if (text_[i] == '\\') {
        ++i;
        continue;
      }
      if (text_[i] != '.' || i + 1 >= span.end || text_[i + 1] != '#') continue;
      i += 2;
      if (i >= span.end) return kNone;
      if (!IsOneOf(text_[i], "([")) continue;
      const char opening = text_[i];
      const char closing = opening == '(' ? ')' : ']';
      int open = 1;
      for (++i; i < span.end; ++i) {
        if (text_[i] == '\\') {
          ++i;
        } else if (text_[i] == '"') {
          i = ClosingQuote(i, span);
        } else if (text_[i] == opening) {
          ++open;
        } else if (text_[i] == closing && --open == 0) {
          break;
        }
      }
    }
    return kNone;
  }

  // `span` begins with the bracket. Returns where the part ends.
  Result<std::size_t> Query(Span span, int depth, GjsonPart& part) const {
    part.kind = GjsonPart::Kind::kQuery;
    std::size_t op = kNone;
    int open = 0;
    std::size_t i = span.begin;
    for (; i < span.end; ++i) {
      const char c = text_[i];
      if (open == 1 && op == kNone && IsOneOf(c, "!=<>%")) {
        op = i;
      } else if (c == '\\') {
        ++i;
      } else if (c == '"') {
        i = ClosingQuote(i, span);
      } else if (IsOneOf(c, "([")) {
        ++open;
      } else if (IsOneOf(c, ")]") && --open == 0) {
        break;
      }
    }
    if (i >= span.end) return Error(span.begin, "the query is not closed: write )");
    const Span path = Trimmed({span.begin + 1, std::min(op, i)});
    if (path.empty() && op == kNone) return Error(i, "the query is empty: write key==\"value\"");
    if (!path.empty()) {
      LOCKSTEP_ASSIGN_OR_RETURN(part.query.path, Own(path, depth));
    }
    if (op != kNone) LOCKSTEP_RETURN_IF_ERROR(Comparison({op, i}, part.query));
    part.all = i + 1 < span.end && text_[i + 1] == '#';
    return i + (part.all ? 2 : 1);
  }

  // `op literal`
  Status Comparison(Span span, GjsonQuery& query) const {
    const std::string_view two = Text({span.begin, std::min(span.begin + 2, span.end)});
    const bool long_op = two == "==" || two == "!=" || two == "!%" || two == "<=" || two == ">=";
    if (!long_op && two.starts_with('!')) {
      return Error(span.begin, "! is no operator: use == != < <= > >= % !%");
    }
    query.op = two == "==" ? "=" : std::string(long_op ? two : two.substr(0, 1));
    const Span literal = Trimmed({span.begin + query.op.size() + (two == "==" ? 1 : 0), span.end});
    query.literal = Text(literal);
    if (query.literal.starts_with('"')) {
      const Json text = Json::parse(query.literal, nullptr, false);
      if (!text.is_string()) {
        return Error(literal.begin, query.literal + " is no text in JSON's quotes and escapes");
      }
      query.literal = text.get<std::string>();
    } else if (query.literal.starts_with('\'')) {
      return Error(literal.begin, "' is no quote here, and would be compared with: write \"");
    } else if (!query.literal.empty() && IsOneOf(query.literal[0], "!=<>%")) {
      return Error(literal.begin, "a value is missing: write it in \" when it begins like this");
    }
    if (query.literal.starts_with('~')) {
      return Error(literal.begin, "comparing with a kind of value (~) is not supported");
    }
    return OkStatus();
  }

  const std::string_view text_;
};

}  // namespace

Result<GjsonPath> ParseGjson(std::string_view path) {
  if (path.size() > kBytesMax) {
    return InvalidArgument("\"" + std::string(path.substr(0, 40)) + "...\": the path has " +
                           std::to_string(path.size()) + " bytes, more than " +
                           std::to_string(kBytesMax));
  }
  return GjsonParser(path).Path({0, path.size()}, 0);
}

}  // namespace lockstep
