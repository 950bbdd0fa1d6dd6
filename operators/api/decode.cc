#include "operators/api/decode.h"

#include <algorithm>

#include "operators/api/decode_visitor.h"
#include "operators/api/did_you_mean.h"
#include "operators/api/job_kind.h"

namespace lockstep {
namespace {

template <class T>
Object DecodeAs(const Json& json, FindingList& findings) {
  T object;
  DecodeStruct(json, DecodePlace{}, findings, object, {"apiVersion", "kind"});
  return object;
}

// What is wrong with a value of a Secret is told without it.
template <>
Object DecodeAs<Secret>(const Json& json, FindingList& findings) {
  FindingList all(findings.document());
  Secret secret;
  DecodeStruct(json, DecodePlace{}, all, secret, {"apiVersion", "kind"});
  for (Finding& finding : all.Take()) {
    if (finding.path.starts_with("data") || finding.path.starts_with("stringData")) {
      finding.message = "expected texts under keys: put each value in quotes";
    }
    findings.Add(std::move(finding));
  }
  return secret;
}

struct DecodeRow {
  const char* kind;
  const char* api_version;
  Object (*decode)(const Json& json, FindingList& findings);
};

template <class T>
constexpr DecodeRow Row() {
  return {T::kKind, T::kApiVersion, &DecodeAs<T>};
}

constexpr DecodeRow kDecodeTable[] = {
    Row<Experiment>(), Row<Suggestion>(), Row<Trial>(),           Row<TrainingJob>(),
    Row<ConfigMap>(),  Row<Secret>(),     Row<TrainingRuntime>(), Row<ClusterTrainingRuntime>()};

std::string KnownKinds() {
  std::vector<std::pair<std::string_view, std::string>> groups;  // by apiVersion
  const auto add = [&](std::string_view version, std::string_view kind) {
    for (auto& [known, kinds] : groups) {
      if (known == version) return void(kinds += ", " + std::string(kind));
    }
    groups.emplace_back(version, kind);
  };
  for (const DecodeRow& row : kDecodeTable) add(row.api_version, row.kind);
  for (const KindName& job : JobKindNames()) {
    if (job.api_version.empty()) continue;
    add(job.api_version, job.kind == kBatchJob ? std::string_view("Job") : job.kind);
    if (job.kind == "MPIJob") add("kubeflow.org/v1", job.kind);  // it has two versions
  }
  std::string text;
  for (const auto& [version, kinds] : groups) {
    text += (text.empty() ? "" : "; ") + std::string(version) + " " + kinds;
  }
  return text;
}

// The text of a required field of the root, or what is wrong with it.
Result<std::string> RootText(const Json& json, const char* name) {
  const auto field = json.find(name);
  if (field == json.end() || field->is_null()) {
    return InvalidArgument(std::string(name) + ": is missing; known: " + KnownKinds());
  }
  if (!field->is_string()) return InvalidArgument(std::string(name) + ": expected a string");
  return field->get<std::string>();
}

Result<const DecodeRow*> FindRow(const Json& json) {
  if (!json.is_object()) return InvalidArgument("expected an object with apiVersion and kind");
  LOCKSTEP_ASSIGN_OR_RETURN(const std::string kind, RootText(json, "kind"));
  LOCKSTEP_ASSIGN_OR_RETURN(const std::string api_version, RootText(json, "apiVersion"));
  std::vector<std::string_view> kinds;
  for (const DecodeRow& row : kDecodeTable) {
    if (row.kind == kind && row.api_version == api_version) return &row;
    if (row.kind == kind) {
      return InvalidArgument("apiVersion: \"" + api_version + "\" of " + kind +
                             " is not read: write " + row.api_version);
    }
    kinds.emplace_back(row.kind);
  }
  for (const KindName& job : JobKindNames()) kinds.push_back(job.kind);
  return InvalidArgument("kind: \"" + kind + "\" is not a kind that can be applied" +
                         DidYouMean(kind, kinds) + "; known: " + KnownKinds());
}

std::string PlaceText(std::string_view file, Position position) {
  std::string text(file);
  if (position.line > 0) {
    text += ":" + std::to_string(position.line) + ":" + std::to_string(position.column);
  }
  return text;
}

// Whether one of `findings` makes rules about `path` pointless.
bool Concerns(const std::vector<Finding>& findings, const std::string& path) {
  const std::string pointer = PathToPointer(path) + "/";
  return std::ranges::any_of(findings, [&](const Finding& finding) {
    if (finding.unknown_field && finding.meant_path.empty()) return false;
    const std::string other =
        PathToPointer(finding.unknown_field ? finding.meant_path : finding.path) + "/";
    return pointer.starts_with(other) || other.starts_with(pointer);
  });
}

}  // namespace

std::vector<Finding> WithRules(std::vector<Finding> decoding, std::vector<Finding> rules) {
  std::erase_if(rules, [&](const Finding& rule) { return Concerns(decoding, rule.path); });
  decoding.insert(decoding.end(), std::make_move_iterator(rules.begin()),
                  std::make_move_iterator(rules.end()));
  return decoding;
}

bool HasErrors(const std::vector<Finding>& findings) {
  return std::ranges::any_of(
      findings, [](const Finding& f) { return f.severity == Finding::Severity::kError; });
}

std::string FormatFinding(std::string_view file, const Finding& finding) {
  std::string text = PlaceText(file, finding.position);
  if (finding.severity == Finding::Severity::kWarning) text += ": warning";
  if (!finding.path.empty()) text += ": " + finding.path;
  return text + ": " + finding.message;
}

Result<Decoded> Decode(const Document& document) {
  const Result<const DecodeRow*> row = FindRow(document.value);
  if (!row.ok()) {
    const std::string& message = row.status().message();
    const std::string field = message.substr(0, message.find(':'));
    return row.status().WithContext(
        PlaceText(document.file, document.MarkOf("/" + field).position));
  }
  FindingList findings(&document);
  Object object = (*row)->decode(document.value, findings);
  return Decoded{std::move(object), findings.Take()};
}

Result<Object> DecodeObject(const Json& json) {
  LOCKSTEP_ASSIGN_OR_RETURN(const DecodeRow* const row, FindRow(json));
  FindingList findings(nullptr);
  Object object = row->decode(json, findings);
  if (findings.findings().empty()) return object;
  const Finding& first = findings.findings().front();
  return InvalidArgument(std::string(row->kind) + ": " + first.path + ": " + first.message);
}

}  // namespace lockstep
