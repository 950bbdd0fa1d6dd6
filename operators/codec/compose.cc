#include <map>
#include <utility>

#include "operators/codec/node.h"

namespace lockstep {
namespace {

class Composer {
 public:
  Composer(std::string_view file, const CodecLimits& limits) : limits_(limits) {
    document_.file = std::string(file);
  }

  Result<Document> Compose(const Node& root) {
    LOCKSTEP_RETURN_IF_ERROR(ComposeNode(root, root.position, document_.value));
    return std::move(document_);
  }

 private:
  struct Entry {
    const Node* key;
    const Node* value;
  };

  Status Error(Position position, std::string_view what) const {
    return DocumentError(document_.file, position, what);
  }

  // `position`: of the key for what stands below a key.
  Status ComposeNode(const Node& node, Position position, Json& json) {
    if (++depth_ > limits_.depth_max) {
      return Error(node.position, "nested deeper than " + std::to_string(limits_.depth_max));
    }
    if (++nodes_ > limits_.nodes_max) {
      return Error(node.position, "more than " + std::to_string(limits_.nodes_max) +
                                      " values (aliases counted as often as they are used)");
    }
    Status status;
    switch (node.kind) {
      case Node::Kind::kAlias: status = ComposeNode(*node.target, node.position, json); break;
      case Node::Kind::kScalar: status = ComposeScalar(node, json); break;
      case Node::Kind::kSequence: status = ComposeSequence(node, position, json); break;
      case Node::Kind::kMap: status = ComposeMap(node, position, json);
    }
    --depth_;
    return status;
  }

  Status ComposeScalar(const Node& node, Json& json) {
    if (node.scalar.is_discarded()) {
      return Error(node.position,
                   node.source + " is not a number JSON knows: write it in quotes if it is text");
    }
    json = node.scalar;
    document_.marks[pointer_] = {node.position, node.source, node.block_indent, node.plain};
    return OkStatus();
  }

  Status ComposeSequence(const Node& node, Position position, Json& json) {
    document_.marks[pointer_] = {position, ""};
    json = Json::array();
    for (std::size_t i = 0; i < node.children.size(); ++i) {
      const std::size_t length = pointer_.size();
      AppendToPointer(pointer_, std::to_string(i));
      json.emplace_back();
      const Node& child = *node.children[i];
      LOCKSTEP_RETURN_IF_ERROR(ComposeNode(child, child.position, json.back()));
      pointer_.resize(length);
    }
    return OkStatus();
  }

  Status ComposeMap(const Node& node, Position position, Json& json) {
    document_.marks[pointer_] = {position, ""};
    json = Json::object();
    std::map<std::string, Entry> entries;
    LOCKSTEP_RETURN_IF_ERROR(CollectEntries(node, false, entries));
    for (const auto& [name, entry] : entries) {
      const std::size_t length = pointer_.size();
      AppendToPointer(pointer_, name);
      LOCKSTEP_RETURN_IF_ERROR(ComposeNode(*entry.value, entry.key->position, json[name]));
      pointer_.resize(length);
    }
    return OkStatus();
  }

  // What is written in the map itself wins over what it merges, earlier merges over later ones.
  Status CollectEntries(const Node& map, bool merged, std::map<std::string, Entry>& entries) {
    std::map<std::string, Position> own;
    std::vector<const Node*> merges;
    for (std::size_t i = 0; i + 1 < map.children.size(); i += 2) {
      const Node& key = *map.children[i];
      const Node& value = *map.children[i + 1];
      if (key.is_merge_key) {
        merges.push_back(&value);
        continue;
      }
      std::string name;
      LOCKSTEP_RETURN_IF_ERROR(KeyText(key, name));
      if (const auto [first, fresh] = own.emplace(name, key.position); !fresh) {
        return Error(key.position, "the key \"" + name + "\" is given twice: first in line " +
                                       std::to_string(first->second.line));
      }
      if (merged) {
        entries.emplace(name, Entry{&key, &value});
      } else {
        entries.insert_or_assign(name, Entry{&key, &value});
      }
    }
    for (const Node* const merge : merges) {
      LOCKSTEP_RETURN_IF_ERROR(Merge(*merge, entries));
    }
    return OkStatus();
  }

  Status Merge(const Node& value, std::map<std::string, Entry>& entries) {
    const Node& node = value.kind == Node::Kind::kAlias ? *value.target : value;
    if (++nodes_ > limits_.nodes_max) return Error(value.position, "too many merges");
    if (++depth_ > limits_.depth_max) {
      return Error(value.position,
                   "merges nested deeper than " + std::to_string(limits_.depth_max));
    }
    Status status;
    if (node.kind == Node::Kind::kMap) {
      nodes_ += node.children.size();
      status = CollectEntries(node, true, entries);
    } else if (node.kind == Node::Kind::kSequence) {
      for (const auto& child : node.children) {
        status = Merge(*child, entries);
        if (!status.ok()) break;
      }
    } else {
      status = Error(value.position, "a merge key (<<) takes a map or a list of maps");
    }
    --depth_;
    return status;
  }

  Status KeyText(const Node& key, std::string& name) const {
    const Node& node = key.kind == Node::Kind::kAlias ? *key.target : key;
    if (node.kind != Node::Kind::kScalar || node.scalar.is_null()) {
      return Error(key.position,
                   "a key must be text, not " +
                       std::string(node.kind == Node::Kind::kScalar ? "null" : "a collection"));
    }
    // true, 1 and 0x10 are the keys "true", "1" and "16", as for kubectl.
    name = node.scalar.is_string() || node.scalar.is_discarded() ? node.source : node.scalar.dump();
    return OkStatus();
  }

  CodecLimits limits_;
  Document document_;
  std::string pointer_;
  int depth_ = 0;
  std::size_t nodes_ = 0;
};

// Length of the UTF-8 sequence at `at`; 0: none starts there.
std::size_t Utf8Length(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(at);
  if (lead < 0x80) return 1;
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || at + length > text.size()) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(at + i) & 0xC0) != 0x80) return 0;
  }
  const unsigned char second = byte(at + 1);
  const bool overlong = (lead == 0xE0 && second < 0xA0) || (lead == 0xF0 && second < 0x90);
  const bool outside = (lead == 0xED && second > 0x9F) || (lead == 0xF4 && second > 0x8F);
  return overlong || outside ? 0 : length;
}

}  // namespace

Status DocumentError(std::string_view file, Position position, std::string_view what) {
  return InvalidArgument(std::string(file) + ":" + std::to_string(position.line) + ":" +
                         std::to_string(position.column) + ": " + std::string(what));
}

Result<Document> ComposeDocument(const Node& root, std::string_view file,
                                 const CodecLimits& limits) {
  return Composer(file, limits).Compose(root);
}

Status CheckText(std::string_view text, std::string_view file, const CodecLimits& limits) {
  if (text.size() > limits.bytes_max) {
    return InvalidArgument(std::string(file) + ": " + std::to_string(text.size()) +
                           " bytes are more than the " + std::to_string(limits.bytes_max) +
                           " that are read");
  }
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = Utf8Length(text, at);
    if (length == 0) {
      return DocumentError(file, PositionOf(text, at), "not UTF-8: save the file as UTF-8");
    }
    const auto byte = static_cast<unsigned char>(text[at]);
    if (byte == 0x7F || (byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r')) {
      return DocumentError(file, PositionOf(text, at), "control characters are not allowed");
    }
    at += length;
  }
  return OkStatus();
}

Position PositionOf(std::string_view text, std::size_t offset) {
  Position position{1, 1};
  for (std::size_t i = 0; i < offset && i < text.size(); ++i) {
    position = text[i] == '\n' ? Position{position.line + 1, 1}
                               : Position{position.line, position.column + 1};
  }
  return position;
}

}  // namespace lockstep
