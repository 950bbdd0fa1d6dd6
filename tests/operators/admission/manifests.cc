#include "tests/operators/admission/manifests.h"

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <sstream>

#include "operators/api/defaults.h"

namespace lockstep {
namespace {

std::set<std::string> Paths(const std::string& yaml, bool (*wanted)(const Finding&)) {
  std::set<std::string> paths;
  for (const Finding& finding : FindingsOf(yaml)) {
    if (wanted(finding)) paths.insert(finding.path);
  }
  return paths;
}

}  // namespace

std::string ValidManifest() {
  std::stringstream text;
  text << std::ifstream(LOCKSTEP_SOURCE_DIR "/tests/conformance/data/validate/m_valid_base.yaml")
              .rdbuf();
  return text.str();
}

std::string ChangedIn(std::string yaml, const std::string& from, const std::string& to) {
  const std::size_t at = yaml.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return at == std::string::npos ? yaml : yaml.replace(at, from.size(), to);
}

std::string Changed(const std::string& from, const std::string& to) {
  return ChangedIn(ValidManifest(), from, to);
}

std::vector<Finding> FindingsOf(const std::string& yaml) {
  const auto documents = ParseYaml(yaml, "e.yaml");
  if (!documents.ok()) return {Finding{.message = documents.status().message()}};
  std::map<std::string, ConfigMap> maps;  // by NAMESPACE/NAME
  const ConfigMapLookup look_up = [&](const std::string& namespace_,
                                      const std::string& name) -> Result<ConfigMap> {
    const auto found = maps.find(namespace_ + "/" + name);
    if (found == maps.end()) return NotFound("no ConfigMap " + name);
    return found->second;
  };
  std::vector<Finding> findings;
  for (const Document& document : *documents) {
    auto decoded = Decode(document);
    if (!decoded.ok()) return {Finding{.message = decoded.status().message()}};
    SetDefaults(decoded->object);
    if (const auto* map = std::get_if<ConfigMap>(&decoded->object)) {
      maps[map->meta.namespace_ + "/" + map->meta.name] = *map;
      continue;
    }
    for (Finding& finding :
         WithRules(decoded->findings, Validate(decoded->object, document, look_up))) {
      findings.push_back(std::move(finding));
    }
  }
  return findings;
}

std::set<std::string> Faults(const std::string& yaml) {
  return Paths(yaml, [](const Finding& f) {
    return f.severity == Finding::Severity::kError && !f.unsupported;
  });
}

std::set<std::string> NotRunHere(const std::string& yaml) {
  return Paths(yaml, [](const Finding& f) { return f.unsupported; });
}

std::set<std::string> Warnings(const std::string& yaml) {
  return Paths(yaml, [](const Finding& f) { return f.severity == Finding::Severity::kWarning; });
}

std::string Say(const std::string& yaml) {
  std::string lines;
  for (const Finding& finding : FindingsOf(yaml)) lines += FormatFinding("e.yaml", finding) + "\n";
  return lines;
}

}  // namespace lockstep
