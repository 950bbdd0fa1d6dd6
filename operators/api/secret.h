// Secret (v1): values under keys that nobody is to see by accident. As a ConfigMap, but for how it
// is shown: messages, events and `describe` name keys and sizes, never a value. Kubernetes' core/v1
// kind; it has no spec and no status.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "operators/api/meta.h"
#include "runtime/base/status.h"

namespace lockstep {

struct Secret {
  static constexpr char kKind[] = "Secret";
  static constexpr char kApiVersion[] = "v1";
  static constexpr char kPlural[] = "secrets";
  static constexpr char kDescription[] =
      "Values under keys, for variables and files of jobs, which no message shows.";

  ObjectMeta meta;
  std::map<std::string, std::string> data;         // as base64; admission has checked it
  std::map<std::string, std::string> string_data;  // SetDefaults moves it into data
  std::string type;
  std::optional<bool> immutable;

  template <class Self, class V>
  static void Fields(Self& self, V& v) {
    v.Field("metadata", self.meta, "Name, namespace, labels.");
    v.Field("data", self.data, "Bytes under keys of letters, digits, -, _ and dots, as base64.");
    v.Field("stringData", self.string_data,
            "The same as plain text; it becomes data, and wins over that.");
    v.Field("type", self.type, "What it is for, for programs; default Opaque.");
    v.Field("immutable", self.immutable, "Whether the data can no longer be changed.");
  }
  friend bool operator==(const Secret&, const Secret&) = default;
};

// How pure functions ask for one; as ConfigMapLookup.
using SecretLookup =
    std::function<Result<Secret>(const std::string& namespace_, const std::string& name)>;

}  // namespace lockstep
