#include "cli/manifest.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <system_error>
#include <utility>

#include "operators/admission/validate.h"
#include "operators/api/defaults.h"
#include "operators/codec/document.h"
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

bool IsJob(const Document& document) {
  const Json& value = document.value;
  return value.is_object() && value.value("apiVersion", Json()) == "batch/v1" &&
         value.value("kind", Json()) == "Job";
}

// A Job by itself runs as the TrainingJob it stands for.
Result<Decoded> DecodeDocument(const Document& document) {
  if (!IsJob(document)) return Decode(document);
  LOCKSTEP_ASSIGN_OR_RETURN(Converted converted, ConvertToTrainingJob(document));
  return Decoded{std::move(converted.job), std::move(converted.findings)};
}

// In the order of the text.
void AddFindings(const std::string& file, std::vector<Finding> findings, Manifests& manifests) {
  std::ranges::stable_sort(
      findings, {}, [](const Finding& f) { return std::pair(f.position.line, f.position.column); });
  for (Finding& finding : findings) manifests.findings.push_back({file, std::move(finding)});
}

// `findings`: what is known of the document already.
void LoadDocument(const Document& document, const std::string& default_namespace,
                  std::vector<Finding> findings, Manifests& manifests) {
  Result<Decoded> decoded = DecodeDocument(document);
  if (!decoded.ok()) {
    AddFindings(document.file, std::move(findings), manifests);
    manifests.findings.push_back(WholeFinding(document.file, decoded.status()));
    return;
  }
  Object object = std::move(decoded->object);
  findings.insert(findings.end(), decoded->findings.begin(), decoded->findings.end());
  ObjectMeta& meta = MetaOf(object);
  if (meta.namespace_.empty()) meta.namespace_ = default_namespace;
  SetDefaults(object);
  const bool decoded_well = std::ranges::none_of(
      findings, [](const Finding& f) { return f.severity == Finding::Severity::kError; });
  if (decoded_well) {
    std::vector<Finding> more = Validate(object, document);
    findings.insert(findings.end(), more.begin(), more.end());
  }
  AddFindings(document.file, std::move(findings), manifests);
  manifests.objects.push_back(std::move(object));
}

void LoadAnyVersion(const Document& document, const std::string& default_namespace,
                    Manifests& manifests) {
  if (!IsKatibV1alpha3(document)) return LoadDocument(document, default_namespace, {}, manifests);
  ConvertedExperiment converted = ConvertKatibV1alpha3(document);
  if (IsKatibV1alpha3(converted.document)) {  // of a kind that is not read
    return AddFindings(document.file, std::move(converted.findings), manifests);
  }
  LoadDocument(converted.document, default_namespace, std::move(converted.findings), manifests);
}

}  // namespace

bool Manifests::has_errors() const {
  return std::ranges::any_of(findings, [](const FileFinding& f) {
    return f.finding.severity == Finding::Severity::kError;
  });
}

Result<Manifests> LoadManifests(const std::vector<std::string>& names,
                                const std::string& default_namespace) {
  Manifests manifests;
  for (const std::string& name : names) {
    LOCKSTEP_ASSIGN_OR_RETURN(const std::vector<std::string> files, FilesOf(name));
    for (const std::string& file : files) {
      LOCKSTEP_ASSIGN_OR_RETURN(const std::string text, ReadText(file));
      const Result<std::vector<Document>> documents = ParseYaml(text, file);
      if (!documents.ok()) {
        manifests.findings.push_back(WholeFinding(file, documents.status()));
        continue;
      }
      for (const Document& document : *documents) {
        LoadAnyVersion(document, default_namespace, manifests);
      }
    }
  }
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
