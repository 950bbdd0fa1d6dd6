#include "operators/convert/pod_template.h"

namespace lockstep {

std::optional<std::int64_t> DecodePodTemplate(const Json& parent, const DecodePlace& place,
                                              FindingList& findings, PodTemplate& pod_template) {
  const DecodePlace template_place{&place, "template"};
  const auto written = parent.find("template");
  if (written == parent.end() || written->is_null()) {
    findings.Error(template_place.Path(), "is missing: the job has no program to run");
    return {};
  }
  constexpr const char* kGrace = "terminationGracePeriodSeconds";
  const DecodePlace pod_place{&template_place, "spec"};
  std::optional<std::int64_t> grace;
  Json kept = *written;
  if (kept.is_object() && kept.contains("spec") && kept["spec"].is_object()) {
    Json& pod = kept["spec"];
    if (const auto field = pod.find(kGrace); field != pod.end() && !field->is_null()) {
      std::int64_t seconds = kGracePeriodSeconds;
      DecodeInteger(*field, DecodePlace{&pod_place, kGrace}, findings, 0,
                    std::numeric_limits<std::int32_t>::max(), seconds);
      grace = seconds;
    }
    pod.erase(kGrace);
  }
  DecodeStruct(kept, template_place, findings, pod_template);
  return grace;
}

}  // namespace lockstep
