#include "cli/manifest.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <system_error>
#include <utility>

#include "cli/object_list.h"
#include "cli/object_name.h"
#include "cli/passed_kind.h"
#include "operators/admission/validate.h"
#include "operators/api/defaults.h"
#include "operators/api/field_path.h"
#include "operators/api/finding_list.h"
#include "operators/api/job_kind.h"
#include "operators/codec/document.h"
#include "operators/codec/text_field.h"
#include "operators/convert/convert.h"
#include "operators/convert/katib_v1alpha3.h"
#include "runtime/base/exit_code.h"

namespace lockstep {
namespace {

namespace fs = std::filesystem;

Result<std::vector<std::string>> FilesOf(const std::string& name) {
  std::error_code error;
  if (name == "-" || !fs::is_directory(name, error)) return std::vector<std::string>{name};
  std::vector<std::string> files;
  for (fs::directory_iterator it(name, error), end; !error && it != end; it.increment(error)) {
    const std::string extension = it->path().extension().string();
    if (extension == ".yaml" || extension == ".yml" || extension == ".json") {
      files.push_back(it->path().string());
    }
  }
  if (error) return ErrnoStatus("read the directory " + name, error.value());
  if (files.empty()) {
    return NotFound("the directory " + name + " holds no *.yaml, *.yml or *.json file");
  }
  std::ranges::sort(files);
  return files;
}

Result<std::string> ReadText(const std::string& file) {
  const std::size_t bytes_max = CodecLimits().bytes_max;
  const auto read = [&](std::istream& in) {
    std::string text(bytes_max + 1, '\0');  // one more than allowed: the parser then says so
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(in.gcount()));
    return text;
  };
  if (file == "-") return read(std::cin);
  errno = 0;
  std::ifstream in(file, std::ios::binary);
  if (!in) return ErrnoStatus("open " + file, errno);
  std::string text = read(in);
  if (in.bad()) return ErrnoStatus("read " + file, errno);
  return text;
}

// Only what says where it stands by itself: a parser's or a converter's Status.
FileFinding WholeFinding(const std::string& file, const Status& status) {
  return {file, {Finding::Severity::kError, "", {}, status.message()}};
}

bool IsKind(const Document& document, std::string_view api_version, std::string_view kind) {
  const Json& value = document.value;
  return value.is_object() && value.value("apiVersion", Json()) == api_version &&
         value.value("kind", Json()) == kind;
}

// Of a kind that becomes a TrainingJob.
bool IsJobManifest(const Document& document) {
  return IsJobKind(TextField(document.value, "kind"));
}

bool IsRuntime(const Document& document) {
  const std::string kind = TextField(document.value, "kind");
  return kind == "TrainingRuntime" || kind == "ClusterTrainingRuntime";
}

// As ObjectKey has it: a ClusterTrainingRuntime is in no namespace.
ObjectKey RuntimeKey(const Document& document, const std::string& default_namespace) {
  const Json meta = document.value.value("metadata", Json::object());
  ObjectKey key{TextField(document.value, "kind"), TextField(meta, "namespace"),
                TextField(meta, "name")};
  if (key.namespace_.empty()) key.namespace_ = default_namespace;
  if (key.kind == "ClusterTrainingRuntime") key.namespace_.clear();
  return key;
}

// In the order of the text.
void AddFindings(const std::string& file, std::vector<Finding> findings, Manifests& manifests) {
  std::ranges::stable_sort(
      findings, {}, [](const Finding& f) { return std::pair(f.position.line, f.position.column); });
  for (Finding& finding : findings) manifests.findings.push_back({file, std::move(finding)});
}

struct Checked {
  Object object;
  std::vector<Finding> findings;
};

// Host names are made of the namespace.
Document WithNamespace(Document document, const std::string& default_namespace) {
  Json& value = document.value;
  if (!value.contains("metadata") || !value["metadata"].is_object()) return document;
  Json& meta = value["metadata"];
  if (TextField(meta, "namespace").empty() &&
      (!meta.contains("namespace") || meta["namespace"].is_null() ||
       meta["namespace"].is_string())) {
    meta["namespace"] = default_namespace;
  }
  return document;
}

std::string NamespaceOf(const LoadOptions& options) {
  return options.default_namespace.empty() ? kDefaultNamespace : options.default_namespace;
}

Result<Checked> DecodeAndCheck(const Document& document, const LoadOptions& options,
                               const RuntimeLookup& runtimes) {
  Checked checked;
  const bool is_job = IsJobManifest(document);
  if (is_job) {  // by itself it runs as the TrainingJob it stands for
    auto converted = ConvertToTrainingJob(WithNamespace(document, NamespaceOf(options)), runtimes);
    if (!converted.ok()) {
      const Position place = document.MarkOf("/apiVersion").position;
      return converted.status().WithContext(document.file + ":" + std::to_string(place.line) + ":" +
                                            std::to_string(place.column));
    }
    checked = {std::move(converted->job), std::move(converted->findings)};
  } else {
    LOCKSTEP_ASSIGN_OR_RETURN(Decoded decoded, Decode(document));
    checked = {std::move(decoded.object), std::move(decoded.findings)};
  }
  ObjectMeta& meta = MetaOf(checked.object);
  if (meta.namespace_.empty()) meta.namespace_ = options.default_namespace;
  SetDefaults(checked.object);
  std::vector<Finding> rules = Validate(checked.object, document, options.config_maps, runtimes);
  if (is_job) {  // rules name a TrainingJob's fields; the manifest's own come from its conversion
    const bool told = HasErrors(checked.findings);
    std::erase_if(rules, [&](const Finding& rule) {
      const bool warning = rule.severity == Finding::Severity::kWarning;
      return !rule.path.starts_with("metadata") && (told || warning);
    });
  }
  checked.findings = WithRules(std::move(checked.findings), std::move(rules));
  return checked;
}

// `document` without the fields that `unknown` names.
Document Without(const std::vector<Finding>& unknown, Document document) {
  for (const Finding& finding : unknown) {
    const Json::json_pointer field(PathToPointer(finding.path));
    if (!document.value.contains(field)) continue;
    Json& parent = document.value.at(field.parent_pointer());
    if (parent.is_object()) parent.erase(field.back());
  }
  return document;
}

// They are taken out of the text's values, not of the object alone: a template is kept as JSON, and
// the operator would find them there again.
Result<Checked> LeaveOutUnknown(const Document& document, const LoadOptions& options,
                                const RuntimeLookup& runtimes, Checked checked) {
  std::vector<Finding> unknown;
  std::ranges::copy_if(checked.findings, std::back_inserter(unknown), &Finding::unknown_field);
  if (unknown.empty()) return checked;
  LOCKSTEP_ASSIGN_OR_RETURN(checked, DecodeAndCheck(Without(unknown, document), options, runtimes));
  if (options.unknown_fields == UnknownFields::kIgnored) return checked;
  for (Finding& finding : unknown) {
    finding.severity = Finding::Severity::kWarning;
    finding.message += ": it is left out";
    checked.findings.push_back(std::move(finding));
  }
  return checked;
}

// What this version cannot run is no fault of the object.
void Demote(std::vector<Finding>& findings) {
  for (Finding& finding : findings) {
    if (!finding.unsupported) continue;
    finding.severity = Finding::Severity::kWarning;
    finding.message.insert(0, "not run by this version on one machine: ");
  }
}

std::string PlaceOf(const Document& document) {
  return document.file + ":" + std::to_string(document.MarkOf("").position.line);
}

// The objects of a parsed document. Of a List's own unknown fields becomes what `unknown` says.
void Take(Document document, UnknownFields unknown, std::vector<Document>& documents,
          Manifests& manifests) {
  const std::string file = document.file;
  std::vector<Finding> findings;
  std::ranges::move(ObjectsIn(std::move(document), findings), std::back_inserter(documents));
  if (unknown == UnknownFields::kIgnored) std::erase_if(findings, &Finding::unknown_field);
  for (Finding& finding : findings) {
    if (!finding.unknown_field || unknown == UnknownFields::kError) continue;
    finding.severity = Finding::Severity::kWarning;
    finding.message += ": it is left out";
  }
  AddFindings(file, std::move(findings), manifests);
}

class Loader {
 public:
  // `documents` outlive the loader.
  Loader(const std::vector<Document>& documents, LoadOptions options)
      : options_(std::move(options)) {
    std::vector<Object> objects;  // those of the files come before all others
    for (const Document& document : documents) {
      if (IsRuntime(document)) {
        runtimes_.emplace(RuntimeKey(document, NamespaceOf(options_)), document.value);
      }
      if (!IsKind(document, ConfigMap::kApiVersion, ConfigMap::kKind)) continue;
      Result<Decoded> decoded = Decode(document);
      if (!decoded.ok()) continue;  // is told in its turn
      ObjectMeta& meta = MetaOf(decoded->object);
      if (meta.namespace_.empty()) meta.namespace_ = options_.default_namespace;
      SetDefaults(decoded->object);
      objects.push_back(std::move(decoded->object));
    }
    options_.config_maps = ConfigMapsIn(objects, options_.config_maps);
    find_runtime_ = [this](const std::string& kind, const std::string& namespace_,
                           const std::string& name) -> Result<Json> {
      const auto found = runtimes_.find({kind, namespace_, name});
      if (found != runtimes_.end()) return found->second;
      if (options_.runtimes) return options_.runtimes(kind, namespace_, name);
      return Unavailable("the " + kind + " " + name + " is not in these files");
    };
  }

  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;

  void Load(const Document& document, Manifests& manifests) {
    if (const std::string_view why = WhyPassedOver(document); !why.empty()) {
      FindingList passed(&document);
      passed.Warning("kind",
                     TextField(document.value, "kind") + " is passed over: " + std::string(why));
      return AddFindings(document.file, passed.Take(), manifests);
    }
    if (!IsKatibV1alpha3(document)) return Add(document, {}, manifests);
    ConvertedExperiment converted = ConvertKatibV1alpha3(document, options_.config_maps);
    if (IsKatibV1alpha3(converted.document)) {  // of a kind that is not read
      return AddFindings(document.file, std::move(converted.findings), manifests);
    }
    Add(converted.document, std::move(converted.findings), manifests);
  }

 private:
  // `findings`: what is known of the document already.
  void Add(const Document& document, std::vector<Finding> findings, Manifests& manifests) {
    Result<Checked> checked = DecodeAndCheck(document, options_, find_runtime_);
    if (checked.ok() && options_.unknown_fields != UnknownFields::kError) {
      checked = LeaveOutUnknown(document, options_, find_runtime_, std::move(*checked));
    }
    if (!checked.ok()) {
      AddFindings(document.file, std::move(findings), manifests);
      manifests.findings.push_back(WholeFinding(document.file, checked.status()));
      return;
    }
    if (options_.unsupported == Unsupported::kWarning) Demote(checked->findings);
    std::ranges::move(checked->findings, std::back_inserter(findings));
    FindingList again(&document);
    CheckOnlyOne(KeyOf(checked->object), document, again);
    std::ranges::move(again.Take(), std::back_inserter(findings));
    AddFindings(document.file, std::move(findings), manifests);
    manifests.objects.push_back(std::move(checked->object));
  }

  // Otherwise the one would be what the other is changed into.
  void CheckOnlyOne(const ObjectKey& key, const Document& document, FindingList& findings) {
    if (key.name.empty()) return;  // which has been told
    const auto [first, fresh] = places_.emplace(key, PlaceOf(document));
    if (fresh) return;
    const bool is_job = key.kind == TrainingJob::kKind;
    findings.Error("metadata.name",
                   (is_job ? "a job " + key.namespace_ + "/" + key.name : key.ToString()) +
                       " is there already, in " + first->second +
                       (is_job ? ", and a name is shared by jobs of all kinds" : "") +
                       ": give one of the two another name, or remove it");
  }

  LoadOptions options_;
  std::map<ObjectKey, std::string> places_;
  std::map<ObjectKey, Json> runtimes_;
  RuntimeLookup find_runtime_;
};

}  // namespace

ConfigMapLookup ConfigMapsIn(const std::vector<Object>& objects, ConfigMapLookup otherwise) {
  std::map<ObjectKey, ConfigMap> maps;
  for (const Object& object : objects) {
    if (const auto* map = std::get_if<ConfigMap>(&object)) maps.emplace(KeyOf(object), *map);
  }
  return [maps = std::move(maps), otherwise = std::move(otherwise)](
             const std::string& namespace_, const std::string& name) -> Result<ConfigMap> {
    const auto found = maps.find({ConfigMap::kKind, namespace_, name});
    if (found != maps.end()) return found->second;
    if (otherwise) return otherwise(namespace_, name);
    return Unavailable("the ConfigMap " + namespace_ + "/" + name + " is not in these files");
  };
}

bool Manifests::has_errors() const {
  return std::ranges::any_of(findings, [](const FileFinding& f) {
    return f.finding.severity == Finding::Severity::kError;
  });
}

Result<Manifests> LoadManifests(const std::vector<std::string>& names, const LoadOptions& options) {
  Manifests manifests;
  std::vector<Document> documents;
  for (const std::string& name : names) {
    LOCKSTEP_ASSIGN_OR_RETURN(const std::vector<std::string> files, FilesOf(name));
    for (const std::string& file : files) {
      LOCKSTEP_ASSIGN_OR_RETURN(const std::string text, ReadText(file));
      Result<std::vector<Document>> parsed = ParseYaml(text, file);
      if (parsed.ok()) {
        for (Document& document : *parsed) {
          Take(std::move(document), options.unknown_fields, documents, manifests);
        }
      } else {
        manifests.findings.push_back(WholeFinding(file, parsed.status()));
      }
    }
  }
  Loader loader(documents, options);
  for (const Document& document : documents) loader.Load(document, manifests);
  std::ranges::stable_partition(manifests.objects, [](const Object& object) {
    return !HasState(object);  // those that others read
  });
  if (manifests.objects.empty() && manifests.findings.empty()) {
    return InvalidArgument("there is no object in " + names.front() + ": it is empty");
  }
  return manifests;
}

std::string FormatFileFinding(const FileFinding& finding) {
  if (finding.finding.path.empty() && finding.finding.position.line == 0) {
    return finding.finding.message;
  }
  return FormatFinding(finding.file, finding.finding);
}

int PrintFindings(const Manifests& manifests) {
  std::fflush(stdout);
  std::size_t errors = 0;
  for (const FileFinding& finding : manifests.findings) {
    const bool warning = finding.finding.severity == Finding::Severity::kWarning;
    errors += warning ? 0 : 1;
    std::fprintf(stderr, "lockstep: %s\n", FormatFileFinding(finding).c_str());
  }
  if (errors == 0) return kExitSuccess;
  std::fprintf(stderr, "lockstep: %zu %s; nothing was changed\n", errors,
               errors == 1 ? "error" : "errors");
  return kExitInvalid;
}

}  // namespace lockstep
