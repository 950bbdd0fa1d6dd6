#include "operators/convert/kubernetes_fields.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "operators/codec/text_field.h"
#include "runtime/base/check.h"

namespace lockstep {
namespace {

// "name" is taken as it is; the value of "name:Type" is an object of that type, or a list of them.
struct TypeRow {
  std::string_view type;
  std::string_view fields;
};

// batch/v1 and core/v1 as of Kubernetes 1.34.
constexpr TypeRow kTypes[] = {
    {"Job", "apiVersion kind metadata spec:JobSpec status"},
    {"JobSpec",
     "template:PodTemplate parallelism completions completionMode backoffLimit "
     "activeDeadlineSeconds suspend ttlSecondsAfterFinished selector:LabelSelector manualSelector "
     "podFailurePolicy:PodFailurePolicy successPolicy:SuccessPolicy managedBy "
     "backoffLimitPerIndex maxFailedIndexes podReplacementPolicy"},
    {"PodFailurePolicy", "rules:PodFailurePolicyRule"},
    {"PodFailurePolicyRule", "action onExitCodes:OnExitCodes onPodConditions:OnPodCondition"},
    {"OnExitCodes", "containerName operator values"},
    {"OnPodCondition", "type status"},
    {"SuccessPolicy", "rules:SuccessPolicyRule"},
    {"SuccessPolicyRule", "succeededIndexes succeededCount"},
    {"LabelSelector", "matchLabels matchExpressions:Requirement"},
    {"Requirement", "key operator values"},
    {"PodTemplate", "metadata:ObjectMeta spec:PodSpec"},
    {"ObjectMeta",
     "name generateName namespace selfLink uid resourceVersion generation creationTimestamp "
     "deletionTimestamp deletionGracePeriodSeconds labels annotations ownerReferences finalizers "
     "managedFields"},
    {"PodSpec",
     "volumes:Volume initContainers:Container containers:Container ephemeralContainers:Container "
     "restartPolicy terminationGracePeriodSeconds activeDeadlineSeconds dnsPolicy nodeSelector "
     "serviceAccountName serviceAccount automountServiceAccountToken nodeName hostNetwork hostPID "
     "hostIPC shareProcessNamespace securityContext:PodSecurityContext "
     "imagePullSecrets:LocalReference hostname subdomain affinity:Affinity schedulerName "
     "tolerations:Toleration hostAliases:HostAlias priorityClassName priority dnsConfig:DnsConfig "
     "readinessGates:ReadinessGate runtimeClassName enableServiceLinks preemptionPolicy overhead "
     "topologySpreadConstraints:TopologySpread setHostnameAsFQDN os:PodOs hostUsers "
     "schedulingGates:SchedulingGate resourceClaims:PodResourceClaim resources:Resources "
     "hostnameOverride"},
    {"LocalReference", "name"},
    {"PodOs", "name"},
    {"SchedulingGate", "name"},
    {"ReadinessGate", "conditionType"},
    {"HostAlias", "ip hostnames"},
    {"DnsConfig", "nameservers searches options:DnsOption"},
    {"DnsOption", "name value"},
    {"PodResourceClaim", "name resourceClaimName resourceClaimTemplateName"},
    {"Toleration", "key operator value effect tolerationSeconds"},
    {"TopologySpread",
     "maxSkew topologyKey whenUnsatisfiable labelSelector:LabelSelector minDomains "
     "nodeAffinityPolicy nodeTaintsPolicy matchLabelKeys"},
    {"Affinity", "nodeAffinity:NodeAffinity podAffinity:PodAffinity podAntiAffinity:PodAffinity"},
    {"NodeAffinity",
     "requiredDuringSchedulingIgnoredDuringExecution:NodeSelector "
     "preferredDuringSchedulingIgnoredDuringExecution:PreferredNode"},
    {"NodeSelector", "nodeSelectorTerms:NodeSelectorTerm"},
    {"NodeSelectorTerm", "matchExpressions:Requirement matchFields:Requirement"},
    {"PreferredNode", "weight preference:NodeSelectorTerm"},
    {"PodAffinity",
     "requiredDuringSchedulingIgnoredDuringExecution:PodAffinityTerm "
     "preferredDuringSchedulingIgnoredDuringExecution:PreferredPod"},
    {"PodAffinityTerm",
     "labelSelector:LabelSelector namespaces topologyKey namespaceSelector:LabelSelector "
     "matchLabelKeys mismatchLabelKeys"},
    {"PreferredPod", "weight podAffinityTerm:PodAffinityTerm"},
    {"PodSecurityContext",
     "seLinuxOptions:SeLinux windowsOptions:Windows runAsUser runAsGroup runAsNonRoot "
     "supplementalGroups supplementalGroupsPolicy fsGroup fsGroupChangePolicy sysctls:Sysctl "
     "seccompProfile:Profile appArmorProfile:Profile seLinuxChangePolicy"},
    {"SecurityContext",
     "capabilities:Capabilities privileged seLinuxOptions:SeLinux windowsOptions:Windows runAsUser "
     "runAsGroup runAsNonRoot readOnlyRootFilesystem allowPrivilegeEscalation procMount "
     "seccompProfile:Profile appArmorProfile:Profile"},
    {"Capabilities", "add drop"},
    {"SeLinux", "user role type level"},
    {"Windows", "gmsaCredentialSpecName gmsaCredentialSpec runAsUserName hostProcess"},
    {"Sysctl", "name value"},
    {"Profile", "type localhostProfile"},
    {"Container",
     "name image command args workingDir ports:Port envFrom:EnvFrom env:EnvVar resources:Resources "
     "resizePolicy:ResizePolicy restartPolicy restartPolicyRules:RestartRule "
     "volumeMounts:VolumeMount volumeDevices:VolumeDevice livenessProbe:Probe readinessProbe:Probe "
     "startupProbe:Probe lifecycle:Lifecycle terminationMessagePath terminationMessagePolicy "
     "imagePullPolicy securityContext:SecurityContext stdin stdinOnce tty targetContainerName"},
    {"Port", "name hostPort containerPort protocol hostIP"},
    {"EnvFrom", "prefix configMapRef:OptionalReference secretRef:OptionalReference"},
    {"OptionalReference", "name optional"},
    {"EnvVar", "name value valueFrom:EnvVarSource"},
    {"EnvVarSource",
     "fieldRef:FieldRef resourceFieldRef:ResourceFieldRef configMapKeyRef:KeyRef "
     "secretKeyRef:KeyRef fileKeyRef:FileKeyRef"},
    {"FieldRef", "apiVersion fieldPath"},
    {"ResourceFieldRef", "containerName resource divisor"},
    {"KeyRef", "name key optional"},
    {"FileKeyRef", "volumeName path key optional"},
    {"Resources", "limits requests claims:ResourceClaim"},
    {"ResourceClaim", "name request"},
    {"ResizePolicy", "resourceName restartPolicy"},
    {"RestartRule", "action exitCodes:RestartExitCodes"},
    {"RestartExitCodes", "operator values"},
    {"VolumeMount",
     "name readOnly recursiveReadOnly mountPath subPath mountPropagation subPathExpr"},
    {"VolumeDevice", "name devicePath"},
    {"Probe",
     "exec:ExecAction httpGet:HttpGet tcpSocket:TcpSocket grpc:Grpc initialDelaySeconds "
     "timeoutSeconds periodSeconds successThreshold failureThreshold "
     "terminationGracePeriodSeconds"},
    {"ExecAction", "command"},
    {"HttpGet", "path port host scheme httpHeaders:HttpHeader"},
    {"HttpHeader", "name value"},
    {"TcpSocket", "port host"},
    {"Grpc", "port service"},
    {"Lifecycle", "postStart:LifecycleHandler preStop:LifecycleHandler stopSignal"},
    {"LifecycleHandler", "exec:ExecAction httpGet:HttpGet tcpSocket:TcpSocket sleep:Sleep"},
    {"Sleep", "seconds"},
    {"Volume",
     "name hostPath:HostPath emptyDir:EmptyDir gcePersistentDisk awsElasticBlockStore gitRepo "
     "secret:SecretVolume nfs:Nfs iscsi glusterfs persistentVolumeClaim:Claim rbd flexVolume "
     "cinder "
     "cephfs flocker downwardAPI fc azureFile configMap:ConfigMapVolume vsphereVolume quobyte "
     "azureDisk photonPersistentDisk projected portworxVolume scaleIO storageos csi ephemeral "
     "image:ImageVolume inlineFiles:InlineFile"},
    {"HostPath", "path type"},
    {"EmptyDir", "medium sizeLimit"},
    {"SecretVolume", "secretName items:KeyToPath defaultMode optional"},
    {"ConfigMapVolume", "name items:KeyToPath defaultMode optional"},
    {"KeyToPath", "key path mode"},
    {"InlineFile", "path text localText mode"},  // of Lockstep
    {"Nfs", "server path readOnly"},
    {"Claim", "claimName readOnly"},
    {"ImageVolume", "reference pullPolicy"},
};

constexpr const TypeRow* FindType(std::string_view type) {
  for (const TypeRow& row : kTypes) {
    if (row.type == type) return &row;
  }
  return nullptr;
}

struct FieldName {
  std::string_view name;
  std::string_view type;  // "": anything
};

// Takes the first field off `fields`, which are not empty.
constexpr FieldName TakeField(std::string_view& fields) {
  const std::size_t end = std::min(fields.find(' '), fields.size());
  const std::string_view field = fields.substr(0, end);
  fields.remove_prefix(std::min(end + 1, fields.size()));
  const std::size_t colon = std::min(field.find(':'), field.size());
  return {field.substr(0, colon), field.substr(std::min(colon + 1, field.size()))};
}

constexpr bool EveryTypeIsThere() {
  for (const TypeRow& row : kTypes) {
    for (std::string_view fields = row.fields; !fields.empty();) {
      const FieldName field = TakeField(fields);
      if (!field.type.empty() && FindType(field.type) == nullptr) return false;
    }
  }
  return true;
}
static_assert(EveryTypeIsThere());

class FieldCheck {
 public:
  explicit FieldCheck(FindingList& findings) : findings_(findings) {}

  // What is no object or list here is told by others, or taken as it is.
  void Check(const Json& json, std::string_view type, const std::string& path) {
    if (json.is_array()) {
      for (std::size_t i = 0; i < json.size(); ++i) Check(json[i], type, ElementPath(path, i));
    }
    if (!json.is_object()) return;
    const TypeRow* row = FindType(type);
    CHECK(row != nullptr) << type;
    std::vector<FieldName> fields;
    for (std::string_view rest = row->fields; !rest.empty();) fields.push_back(TakeField(rest));
    for (const auto& [name, value] : json.items()) {
      const auto found = std::ranges::find(fields, name, &FieldName::name);
      if (found == fields.end()) {
        Tell(path, name, fields);
      } else if (!found->type.empty()) {
        Check(value, found->type, FieldPath(path, name));
      }
    }
  }

 private:
  void Tell(const std::string& path, const std::string& name,
            const std::vector<FieldName>& fields) {
    const std::string place = FieldPath(path, name);
    if (std::ranges::find(findings_.findings(), place, &Finding::path) !=
        findings_.findings().end()) {
      return;
    }
    std::vector<std::string_view> known;
    known.reserve(fields.size());
    for (const FieldName& field : fields) known.push_back(field.name);
    findings_.UnknownField(path, name, known);
  }

  FindingList& findings_;
};

// The value of `name` in `json`; null when there is none.
const Json& Part(const Json& json, std::string_view name) {
  static const Json kNone;
  if (!json.is_object()) return kNone;
  const auto found = json.find(name);
  return found == json.end() ? kNone : *found;
}

}  // namespace

void CheckKubernetesFields(const Json& manifest, FindingList& findings) {
  FieldCheck check(findings);
  if (TextField(manifest, "apiVersion") == "batch/v1" && TextField(manifest, "kind") == "Job") {
    return check.Check(manifest, "Job", "");
  }
  const Json& spec = Part(manifest, "spec");
  if (!spec.is_object()) return;
  const Json& roles = Part(spec, "roles");
  for (std::size_t i = 0; roles.is_array() && i < roles.size(); ++i) {
    check.Check(Part(roles[i], "template"), "PodTemplate",
                FieldPath(ElementPath("spec.roles", i), "template"));
  }
  for (const auto& [name, replicas] : spec.items()) {
    if (!name.ends_with("ReplicaSpecs") || !replicas.is_object()) continue;
    for (const auto& [role, replica] : replicas.items()) {
      check.Check(Part(replica, "template"), "PodTemplate",
                  FieldPath(FieldPath(FieldPath("spec", name), role), "template"));
    }
  }
}

}  // namespace lockstep
