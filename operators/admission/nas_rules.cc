// The search space of an architecture search. Katib looks at none of it and lets the search crash.
#include "operators/admission/rules.h"

namespace lockstep {
namespace {

constexpr char kNas[] = "spec.nasConfig";

void CheckSizes(const std::vector<std::int64_t>& sizes, const std::string& path,
                FindingList& findings) {
  if (sizes.empty()) findings.Error(path, "is missing: the dimensions, as in [32, 32, 3]");
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    if (sizes[i] < 1) findings.Error(ElementPath(path, i), "must be at least 1");
  }
}

}  // namespace

void CheckNas(const ExperimentSpec& spec, FindingList& findings) {
  if (!spec.nas_config) return;
  const NasConfig& nas = *spec.nas_config;
  if (!spec.parameters.empty()) {
    findings.Error(kNas, "stands beside spec.parameters: keep one of the two");
  }
  const std::string graph = FieldPath(kNas, "graphConfig");
  if (!nas.graph_config) {
    findings.Error(graph, "is missing: numLayers, inputSizes and outputSizes of the network");
  } else {
    if (nas.graph_config->num_layers.value_or(0) < 1) {
      findings.Error(FieldPath(graph, "numLayers"), "must be at least 1");
    }
    CheckSizes(nas.graph_config->input_sizes, FieldPath(graph, "inputSizes"), findings);
    CheckSizes(nas.graph_config->output_sizes, FieldPath(graph, "outputSizes"), findings);
  }
  const std::string operations = FieldPath(kNas, "operations");
  if (nas.operations.empty()) {
    findings.Error(operations, "is missing: what may the layers of the network be?");
  }
  for (std::size_t i = 0; i < nas.operations.size(); ++i) {
    const std::string path = ElementPath(operations, i);
    if (nas.operations[i].operation_type.empty()) {
      findings.Error(FieldPath(path, "operationType"), "is missing");
    }
    CheckParameterList(nas.operations[i].parameters, FieldPath(path, "parameters"), findings);
  }
  findings.Unsupported(kNas, "is not supported yet: search over spec.parameters");
}

}  // namespace lockstep
