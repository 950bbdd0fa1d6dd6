// ConfigMap: text and bytes under keys, for templates, variables and files of jobs. Kubernetes'
// core/v1 kind; it has no spec and no status.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "operators/api/meta.h"
#include "runtime/base/status.h"

namespace lockstep {

struct ConfigMap {
  static constexpr char kKind[] = "ConfigMap";
  static constexpr char kApiVersion[] = "v1";
  static constexpr char kPlural[] = "configmaps";
  static constexpr char kDescription[] =
      "Text under keys, which trial templates, variables and files of jobs are taken from.";

  ObjectMeta meta;
  std::map<std::string, std::string> data;
  std::map<std::string, std::string> binary_data;  // as base64; admission has checked it
  std::optional<bool> immutable;

  template <class Self, class V>
  static void Fields(Self& self, V& v) {
    v.Field("metadata", self.meta, "Name, namespace, labels.");
    v.Field("data", self.data, "Text under keys of letters, digits, -, _ and dots.");
    v.Field("binaryData", self.binary_data, "Bytes under such keys, as base64.");
    v.Field("immutable", self.immutable, "Whether the data can no longer be changed.");
  }
  friend bool operator==(const ConfigMap&, const ConfigMap&) = default;
};

// How pure functions ask for one. NotFound: there is none. Unavailable: whether there is one cannot
// be known here (files alone, without an operator).
using ConfigMapLookup =
    std::function<Result<ConfigMap>(const std::string& namespace_, const std::string& name)>;

}  // namespace lockstep
