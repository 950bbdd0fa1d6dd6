// Katib's kubeflow.org/v1alpha3 Experiment -> the v1beta1 Experiment that does the same. Pure.
#pragma once

#include <vector>

#include "operators/api/decode.h"

namespace lockstep {

bool IsKatibV1alpha3(const Document& document);

// The document keeps its marks; those below spec.trialTemplate.trialSpec are lines of the Go
// template that the job was rendered from. What v1alpha3 did by itself and v1beta1 does not
// (resumePolicy LongRunning, its default filter of metrics) is written out. Without an error among
// the findings the document has a whole trialTemplate.
struct ConvertedExperiment {
  Document document;
  std::vector<Finding> findings;  // at paths of the v1alpha3 or of the v1beta1 object
};
// REQUIRES: IsKatibV1alpha3(document). Another kind than Experiment is an error among the findings,
// and comes back as it is. A template in a ConfigMap is read by `config_maps`; where it is not
// known there, that is an error.
ConvertedExperiment ConvertKatibV1alpha3(const Document& document,
                                         const ConfigMapLookup& config_maps = {});

}  // namespace lockstep
