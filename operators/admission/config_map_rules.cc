// What an API server asks of a ConfigMap and of a Secret.
#include <algorithm>
#include <set>

#include "operators/admission/changed_fields.h"
#include "operators/admission/rules.h"
#include "operators/api/object.h"
#include "operators/codec/base64.h"

namespace lockstep {
namespace {

constexpr std::size_t kNameBytesMax = 253;
constexpr std::size_t kDataBytesMax = 1024 * 1024;

bool IsAlnum(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// Labels of lower-case letters, digits and -, with dots between them.
bool IsSubdomain(std::string_view name) {
  for (;;) {
    const std::string_view label = name.substr(0, name.find('.'));
    const auto lower = [](char c) { return IsAlnum(c) && !(c >= 'A' && c <= 'Z'); };
    if (label.empty() || !lower(label.front()) || !lower(label.back())) return false;
    if (!std::ranges::all_of(label, [&](char c) { return lower(c) || c == '-'; })) return false;
    if (label.size() == name.size()) return true;
    name.remove_prefix(label.size() + 1);
  }
}

void CheckKey(const std::string& key, const std::string& path, FindingList& findings) {
  const bool known = std::ranges::all_of(
      key, [](char c) { return IsAlnum(c) || c == '-' || c == '_' || c == '.'; });
  if (key.empty() || !known) {
    findings.Error(path, "\"" + key + "\" is no key: use letters, digits, -, _ and .");
  } else if (key.size() > kNameBytesMax) {
    findings.Error(path, "the key has " + std::to_string(key.size()) + " characters: at most " +
                             std::to_string(kNameBytesMax));
  } else if (key == "." || key.starts_with("..")) {
    findings.Error(path, "\"" + key + "\" is no key: it would lead out of the folder it becomes");
  }
}

void CheckMeta(const ObjectMeta& meta, const std::string& kind, FindingList& findings) {
  if (meta.name.empty()) {
    findings.Error("metadata.name", "is missing");
  } else if (meta.name.size() > kNameBytesMax || !IsSubdomain(meta.name)) {
    findings.Error("metadata.name",
                   "\"" + meta.name + "\" is no name of a " + kind +
                       ": lower-case letters, digits, - and dots, beginning and ending with a "
                       "letter or digit, at most " +
                       std::to_string(kNameBytesMax));
  }
  CheckNamespace(meta, findings);
}

void CheckSize(std::size_t bytes, FindingList& findings) {
  if (bytes <= kDataBytesMax) return;
  findings.Error("data", "has " + std::to_string(bytes) + " bytes in all: at most " +
                             std::to_string(kDataBytesMax) + "; use a file");
}

}  // namespace

void CheckSecret(const Secret& secret, FindingList& findings) {
  CheckMeta(secret.meta, Secret::kKind, findings);
  std::size_t bytes = 0;
  for (const auto& [key, base64] : secret.data) {
    const std::string path = FieldPath("data", key);
    CheckKey(key, path, findings);
    const auto decoded = DecodeBase64(base64);
    if (!decoded.ok()) {
      findings.Error(path, "is no base64: write plain text under stringData instead");
    }
    bytes += decoded.ok() ? decoded->size() : 0;
  }
  CheckSize(bytes, findings);
}

void CheckSecretUpdate(const Secret& before, const Secret& after, FindingList& findings) {
  if (before.type != after.type) {
    findings.Error("type", "\"" + after.type + "\", was \"" + before.type +
                               "\": the type of a Secret does not change; delete it first");
  }
  if (!before.immutable.value_or(false)) return;
  std::set<std::string> changed;
  for (const auto& [one, other] : {std::pair{&before, &after}, std::pair{&after, &before}}) {
    for (const auto& [key, value] : one->data) {
      const auto found = other->data.find(key);
      if (found == other->data.end() || found->second != value) changed.insert("data." + key);
    }
  }
  if (!after.immutable.value_or(false)) changed.insert("immutable");
  if (changed.empty()) return;
  std::string names;
  for (const std::string& name : changed) names += (names.empty() ? "" : ", ") + name;
  findings.Error("immutable", "the Secret is immutable, and " + names +
                                  " would change: delete it first, or give the new one another "
                                  "name");
}

void CheckConfigMap(const ConfigMap& map, FindingList& findings) {
  CheckMeta(map.meta, ConfigMap::kKind, findings);
  std::size_t bytes = 0;
  for (const auto& [key, text] : map.data) {
    CheckKey(key, FieldPath("data", key), findings);
    bytes += text.size();
  }
  for (const auto& [key, base64] : map.binary_data) {
    const std::string path = FieldPath("binaryData", key);
    CheckKey(key, path, findings);
    if (map.data.contains(key)) {
      findings.Error(path, "\"" + key + "\" is a key of data too: give it once");
    }
    const auto decoded = DecodeBase64(base64);
    if (!decoded.ok()) findings.Error(path, decoded.status().message());
    bytes += decoded.ok() ? decoded->size() : 0;
  }
  CheckSize(bytes, findings);
}

void CheckConfigMapUpdate(const ConfigMap& before, const ConfigMap& after, FindingList& findings) {
  if (!before.immutable.value_or(false)) return;
  const auto content = [](const ConfigMap& map) {
    Json json = EncodeObject(map);
    json.erase("metadata");
    return json;
  };
  const std::string changed = ChangedFields(content(before), content(after), "");
  if (changed.empty()) return;
  findings.Error("immutable", "the ConfigMap is immutable, and " + changed.substr(1) +
                                  " would change: delete it first, or give the new one another "
                                  "name");
}

}  // namespace lockstep
