using System.Collections.Immutable;
using Fabric.CloudStackBridge.Http;

namespace Fabric.CloudStackBridge.Extension;

/// <summary>Files of the metadata service as CloudStack names them, in one spelling. No error quotes a content.</summary>
public static class GuestFiles
{
    /// <summary>The user data.</summary>
    public const string UserData = "userdata/user_data";

    /// <summary>The SSH keys, one a line.</summary>
    public const string PublicKeys = "metadata/public-keys";

    /// <summary>The host that the machine runs on.</summary>
    public const string HypervisorName = "metadata/hypervisor-host-name";

    /// <summary>The password that waits to be fetched.</summary>
    public const string Password = "password/vm_password";

    /// <summary>Directory of passwords.</summary>
    public const string PasswordDirectory = "password/";

    /// <summary>Longest content, characters: CloudStack takes user data of 1 MiB.</summary>
    public const int LongestContent = 2 * 1024 * 1024;

    private const int MostFiles = 256;
    private const int LongestName = 255;

    /// <summary>Reads <c>vm_data</c>.</summary>
    /// <exception cref="NetrisException">It is no list of files.</exception>
    public static ImmutableSortedDictionary<string, string> Of(IReadOnlyList<Fields> items)
    {
        if (items.Count > MostFiles)
        {
            throw NetrisException.Field("vm_data", $"has more than {MostFiles} files");
        }

        var files = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        foreach (var item in items)
        {
            var content = Content(item, "content") ?? "";

            // An empty password is none: the one that waits stays.
            if (NameOf(item.Text("dir") ?? "", item.Text("file") ?? "") is { } name && !(content.Length == 0 && name.StartsWith(PasswordDirectory, StringComparison.Ordinal)))
            {
                files[name] = content;
            }
        }

        return files.ToImmutable();
    }

    /// <summary>A secret text; null: absent.</summary>
    public static string? Content(Fields fields, string member) => fields.Text(member, LongestContent);

    /// <summary>The one spelling of a file's name; null: a file without one.</summary>
    private static string? NameOf(string directory, string file)
    {
        file = file.Trim('/');
        if (file.Length == 0)
        {
            return null;
        }

        var name = directory.Trim('/').ToLowerInvariant() switch
        {
            "userdata" or "user-data" => UserData,
            "metadata" or "meta-data" when file.StartsWith("public-keys", StringComparison.Ordinal) => PublicKeys,
            "metadata" or "meta-data" => "metadata/" + file,
            "public-keys" => PublicKeys,
            "password" => PasswordDirectory + file,
            _ => throw NetrisException.Field("vm_data", "a dir must be userdata, metadata or password"),
        };
        var last = name[(name.IndexOf('/', StringComparison.Ordinal) + 1)..];
        return last.Length <= LongestName && last[0] != '.' && last.All(static c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.')
            ? name
            : throw NetrisException.Field("vm_data", $"a file's name has 1 to {LongestName} letters, digits, dashes, underscores and dots, and does not begin with a dot");
    }
}
