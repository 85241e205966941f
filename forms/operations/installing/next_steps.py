"""What remains to be done by hand after `install-server`."""

from pathlib import Path

SETTINGS = "etc/portal/settings.env"


def next_steps(name: str, place: Path, office: str = "") -> str:
    """Return what remains to be done by hand after the installation."""
    hook = f"{place}/deploy/certificate.sh"
    names = f"{name} -d {office}" if office else name
    staff = (
        f"""
5. The office at https://{office}/ is empty. Its packages, then its first person, who gets an address that works once:
     cd {place} && python3 build.py install server desk site editor && systemctl restart portal-office
     cd {place} && python3 build.py edit office invite "M. Devi" --role writer --role publisher"""
        if office
        else ""
    )
    return f"""
The portal runs at https://{name}/ with a certificate that it signed itself. What is left to you:
1. A real certificate, once {name} leads to this machine:
     certbot certonly --webroot -w /var/www/portal-acme -d {names} --deploy-hook {hook}
2. The firewall lets in ports 80 and 443 over TCP, and SSH from where you work; nothing else. With ufw:
     ufw allow 80,443/tcp && ufw allow OpenSSH && ufw enable
3. Backups, which need your key: "Backup, check, restore" in docs/operators.md.
4. A look at it: systemctl status portal nginx; journalctl -u portal{staff}
Settings stand in /{SETTINGS}. docs/deploy.md says more."""
