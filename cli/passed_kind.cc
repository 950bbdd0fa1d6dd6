#include "cli/passed_kind.h"

#include "operators/codec/text_field.h"

namespace lockstep {
namespace {

struct PassedRow {
  std::string_view group;  // of apiVersion, with the slash; "": the core's
  std::string_view kind;
  std::string_view why;
};

constexpr std::string_view kClaim = "a claim is a folder here, made when a job first uses it";
constexpr std::string_view kUser = "a rank is a process of the user who runs the operator";

constexpr PassedRow kRows[] = {
    {"", "Namespace", "a namespace is a name here"},
    {"", "PersistentVolume", kClaim},
    {"", "PersistentVolumeClaim", kClaim},
    {"", "Service", "the host names of a job lead to its ranks by themselves"},
    {"", "ServiceAccount", kUser},
    {"storage.k8s.io/", "StorageClass", kClaim},
    {"rbac.authorization.k8s.io/", "Role", kUser},
    {"rbac.authorization.k8s.io/", "RoleBinding", kUser},
    {"rbac.authorization.k8s.io/", "ClusterRole", kUser},
    {"rbac.authorization.k8s.io/", "ClusterRoleBinding", kUser},
};

}  // namespace

std::string_view WhyPassedOver(const Document& document) {
  const std::string kind = TextField(document.value, "kind");
  const std::string version = TextField(document.value, "apiVersion");
  const std::size_t slash = version.find('/');
  const std::string group = slash == std::string::npos ? "" : version.substr(0, slash + 1);
  for (const PassedRow& row : kRows) {
    if (row.kind == kind && row.group == group) return row.why;
  }
  return "";
}

}  // namespace lockstep
